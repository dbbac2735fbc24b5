//! A flusher's dedicated connection to the server of its queue, on which it can wait.

use redis::{Cmd, RedisResult, Value};

use super::slot_check::check_slots;
use crate::{
    error::Error,
    store::{
        queue::Names,
        redis::{
            cluster::{dedicated::SlotConnection, slots::slot},
            incarnation::Outgoing,
            reconnect::Link,
            script::{Arguments, Script},
            store::Servers,
        },
    },
};

pub(super) enum Dedicated {
    One(Link),
    Cluster(SlotConnection),
}

impl Dedicated {
    pub(super) fn new(servers: &Servers) -> Dedicated {
        match servers {
            Servers::One(server) => Dedicated::One(server.further_link()),
            Servers::Cluster(cluster) => Dedicated::Cluster(SlotConnection::new(cluster)),
        }
    }

    /// Whether a queue of these names can be served.
    pub(super) fn check(&self, names: &Names) -> Result<(), Error> {
        match self {
            Dedicated::One(_) => Ok(()),
            Dedicated::Cluster(_) => check_slots(names, None),
        }
    }

    /// Runs a script, once.
    pub(super) async fn call(
        &mut self,
        script: &Script,
        keys: &[&str],
        args: &Arguments<'_>,
    ) -> RedisResult<Value> {
        let key = keys.first().unwrap_or(&"");
        let by_hash = |to| script.by_hash_of(keys, &args(to));
        let answer = self.send(key, &Outgoing::Under(&by_hash)).await;
        // A server that does not know a script has done nothing.
        if matches!(&answer, Err(e) if e.code() == Some("NOSCRIPT")) {
            let by_text = |to| script.by_text_of(keys, &args(to));
            return self.send(key, &Outgoing::Under(&by_text)).await;
        }
        answer
    }

    async fn send(&mut self, key: &str, command: &Outgoing<'_>) -> RedisResult<Value> {
        match self {
            Dedicated::One(link) => Ok(link.send(command, false).await?.value),
            Dedicated::Cluster(connection) => connection.send(slot(key), command).await,
        }
    }

    /// Sends a command that waits until something has happened to `key`. Where the key moves, that has.
    pub(super) async fn wait(&mut self, key: &str, command: &Cmd) -> RedisResult<()> {
        match self {
            Dedicated::One(link) => link.send(&Outgoing::Same(command), false).await.map(drop),
            Dedicated::Cluster(connection) => connection.wait(slot(key), command).await,
        }
    }

    /// Gives up a connection on which an answer is outstanding.
    pub(super) fn leave(&self) {
        let link = match self {
            Dedicated::One(link) => Some(link),
            Dedicated::Cluster(connection) => connection.link(),
        };
        link.inspect(|link| link.renew());
    }
}
