//! A way to the server of a queue that nobody else uses, so that one can wait on it.

use redis::{Cmd, RedisError, Value};

use super::slot_check::check_slots;
use crate::{
    error::Error,
    store::{
        queue::Names,
        redis::{
            cluster::{Follower, slot},
            pool,
            reconnect::Link,
            script::Script,
            servers::Servers,
        },
    },
};

pub(super) enum Line {
    One(Link),
    Cluster(Follower),
}

impl Line {
    pub(super) fn new(servers: &Servers) -> Line {
        match servers {
            Servers::One(pool) => Line::One(pool.further_link()),
            Servers::Cluster(cluster) => Line::Cluster(cluster.follower()),
        }
    }

    /// Whether a queue of these names can be served.
    pub(super) fn check(&self, names: &Names) -> Result<(), Error> {
        match self {
            Line::One(_) => Ok(()),
            Line::Cluster(_) => check_slots(names, None),
        }
    }

    /// Runs a script, once.
    pub(super) async fn call(
        &mut self,
        script: &Script,
        keys: &[&str],
        args: &[&[u8]],
    ) -> Result<Value, RedisError> {
        let key = keys.first().unwrap_or(&"");
        let answer = self.send(key, &script.by_hash(keys, args)).await;
        // A server that does not know a script has done nothing.
        if matches!(&answer, Err(e) if e.code() == Some("NOSCRIPT")) {
            return self.send(key, &script.by_text(keys, args)).await;
        }
        answer
    }

    async fn send(&mut self, key: &str, command: &Cmd) -> Result<Value, RedisError> {
        match self {
            Line::One(link) => pool::send(link, command, false).await,
            Line::Cluster(follower) => follower.send(slot(key), command).await,
        }
    }

    /// Sends a command that waits until something has happened to `key`. Where the key moves, that has.
    pub(super) async fn wait(&mut self, key: &str, command: &Cmd) -> Result<(), RedisError> {
        match self {
            Line::One(link) => pool::send(link, command, false).await.map(drop),
            Line::Cluster(follower) => follower.wait(slot(key), command).await,
        }
    }

    /// Leaves a connection on which an answer is outstanding.
    pub(super) async fn leave(&self) {
        let link = match self {
            Line::One(link) => Some(link),
            Line::Cluster(follower) => follower.link(),
        };
        if let Some(link) = link
            && let Ok(connection) = link.connection().await
        {
            link.replace(&connection);
        }
    }
}
