//! Where a server is: at an address, or where the sentinels say that the master is.

use std::{fmt, sync::Arc, time::Duration};

use redis::{ErrorKind, RedisError, RedisResult};
use tokio::time::Instant;

use super::{
    address::{Address, HostPort},
    connect::{ATTEMPT, Connection, MUTE, in_time},
    failure_log::FailureLog,
    incarnation::Greeting,
    sentinel::{self, Sentinels},
};

/// Where a server is, with the credentials and settings to connect to it.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// With sentinels, its host and port mean nothing.
    address: Address,
    sentinels: Option<Arc<Sentinels>>,
}

impl Endpoint {
    /// The master that `sentinels` name, with the credentials and settings of `address`.
    pub(crate) fn of_master(address: Address, sentinels: Sentinels) -> Endpoint {
        Endpoint { address, sentinels: Some(Arc::new(sentinels)) }
    }

    /// Connects to the server, and says `greeting`.
    pub(super) async fn connect(&self, greeting: &Greeting) -> RedisResult<Connection> {
        let Some(sentinels) = &self.sentinels else {
            return self.address.connect(greeting, None).await;
        };
        let node = sentinels.master(sentinel::NOW).await?;
        let master = self.address.at(&node.0, node.1);
        let attempt = async {
            let mut connection = master.connect(greeting, Some(node)).await?;
            let until = Instant::now() + ATTEMPT;
            let role = in_time(until, MUTE, connection.ask(&sentinel::role())).await?;
            sentinel::must_be_master(&role)?;
            Ok(connection)
        };
        attempt.await.map_err(|error: RedisError| {
            let what = "the master does not let us in";
            (ErrorKind::Io, what, format!("{master:?}: {error}")).into()
        })
    }

    /// Whether the sentinels, if there are some and one answers, take the server of `connection` for the master. Their answer
    /// of `age` ago will do.
    pub(super) async fn named_master(
        &self,
        connection: &Connection,
        age: Duration,
    ) -> Option<Named> {
        let (sentinels, node) = (self.sentinels.as_ref()?, connection.node()?);
        let master = sentinels.master(age).await.ok()?;
        Some(if master == *node { Named::Same } else { Named::Another(master) })
    }

    /// Whether sentinels say where the server is.
    pub(super) fn has_sentinels(&self) -> bool {
        self.sentinels.is_some()
    }

    /// Whether a provider of credentials is asked for user and password.
    pub(super) fn has_provider(&self) -> bool {
        self.address.provider.is_some()
    }

    /// The host and the port, where no sentinels are asked for them.
    pub(super) fn place(&self) -> (&str, u16) {
        self.address.place()
    }

    pub(super) fn failure_log(&self) -> &FailureLog {
        &self.address.failure_log
    }
}

/// Whom sentinels name as the master.
pub(super) enum Named {
    Same,
    Another(HostPort),
}

impl From<Address> for Endpoint {
    fn from(address: Address) -> Endpoint {
        Endpoint { address, sentinels: None }
    }
}

impl fmt::Debug for Endpoint {
    /// Hosts and ports alone: no user, no password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sentinels {
            Some(sentinels) => sentinels.fmt(f),
            None => self.address.fmt(f),
        }
    }
}
