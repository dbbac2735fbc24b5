//! A flusher's dedicated connection to the server of its queue, on which it can wait.

use redis::{Cmd, RedisResult, Value};

use super::slot_check::check_slots;
use crate::{
    error::Error,
    store::{
        queue::Names,
        redis::{
            cluster::{dedicated::SlotConnection, slots::slot},
            reconnect::Link,
            script::Script,
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
        args: &[&[u8]],
    ) -> RedisResult<Value> {
        let key = keys.first().unwrap_or(&"");
        let answer = self.send(key, &script.by_hash(keys, args)).await;
        // A server that does not know a script has done nothing.
        if matches!(&answer, Err(e) if e.code() == Some("NOSCRIPT")) {
            return self.send(key, &script.by_text(keys, args)).await;
        }
        answer
    }

    async fn send(&mut self, key: &str, command: &Cmd) -> RedisResult<Value> {
        match self {
            Dedicated::One(link) => link.send(command, false).await,
            Dedicated::Cluster(connection) => connection.send(slot(key), command).await,
        }
    }

    /// Sends a command that waits until something has happened to `key`. Where the key moves, that has.
    pub(super) async fn wait(&mut self, key: &str, command: &Cmd) -> RedisResult<()> {
        match self {
            Dedicated::One(link) => link.send(command, false).await.map(drop),
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
