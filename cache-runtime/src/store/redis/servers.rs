//! Where commands go: one server, or the nodes of a cluster.

use futures_util::future::join_all;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, Value, cmd};

use super::{
    cluster::{Cluster, slot},
    pool::{self, Pool},
    reconnect::Link,
};

#[allow(clippy::large_enum_variant, reason = "there is one for each cache")]
pub(super) enum Servers {
    One(Pool),
    Cluster(Cluster),
}

type Answer = Result<Value, RedisError>;

impl Servers {
    /// Starts to connect, and waits until every connection has been made or has failed once.
    pub(super) async fn connect(&self) -> Result<(), RedisError> {
        match self {
            Servers::One(pool) => pool.connect().await,
            Servers::Cluster(cluster) => cluster.connect().await,
        }
    }

    /// What this is called in statistics.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Servers::One(pool) if pool.has_sentinels() => "sentinel",
            Servers::One(_) => "redis",
            Servers::Cluster(_) => "cluster",
        }
    }

    /// The number of the server that has `key`, as far as is known.
    pub(super) fn number(&self, key: &str) -> usize {
        match self {
            Servers::One(_) => 0,
            Servers::Cluster(cluster) => cluster.number(slot(key)),
        }
    }

    /// Looks at the link of `key`. Nobody may know which node of a cluster that leads to.
    pub(super) fn with_link<T>(&self, key: &str, look: impl FnOnce(&Link) -> T) -> Option<T> {
        match self {
            Servers::One(pool) => Some(look(pool.link(key))),
            Servers::Cluster(cluster) => cluster.with_link(slot(key), look),
        }
    }

    /// All links to the server of `key`.
    pub(super) fn links(&self, key: &str) -> Vec<Link> {
        match self {
            Servers::One(pool) => pool.links().to_vec(),
            Servers::Cluster(cluster) => cluster.links(slot(key)),
        }
    }

    /// Where an attempt to reach the server of `key` has failed, makes another one now.
    pub(super) async fn retry_connect(&self, key: &str) {
        match self {
            Servers::One(pool) => pool.link(key).retry_connect().await,
            Servers::Cluster(cluster) => cluster.retry_connect(slot(key)).await,
        }
    }

    /// Whether another server may take the place of one.
    pub(super) fn has_stand_ins(&self) -> bool {
        match self {
            Servers::One(pool) => pool.has_sentinels(),
            Servers::Cluster(_) => true,
        }
    }

    /// Has those asked who know whether the servers of `keys` are so still. Where another one is, it has the keys from
    /// then on.
    pub(super) async fn verify_masters(&self, keys: &[&str]) {
        match self {
            Servers::One(pool) => {
                drop(join_all(pool.links().iter().map(Link::verify_masters)).await)
            }
            Servers::Cluster(cluster) => {
                let slots: Vec<u16> = keys.iter().map(|key| slot(key)).collect();
                cluster.verify_masters(&slots).await;
            }
        }
    }

    /// Sends a command for `key`. Where the connection turns out to be dead, one that may be sent `again` is, once.
    pub(super) async fn send(&self, key: &str, command: &Cmd, again: bool) -> Answer {
        match self {
            Servers::One(pool) => pool::send(pool.link(key), command, again).await,
            Servers::Cluster(cluster) => cluster.send(slot(key), command, again).await,
        }
    }

    /// Sends a command for each of `keys`, all in one round trip: those of one key in this order. Each has an answer
    /// of its own, unless none has.
    pub(super) async fn send_all(
        &self,
        keys: &[&str],
        command: &(dyn Fn(usize) -> Cmd + Sync),
    ) -> Result<Vec<Answer>, RedisError> {
        match self {
            Servers::One(pool) => {
                let mut pipeline = Pipeline::with_capacity(keys.len());
                for at in 0..keys.len() {
                    pipeline.add_command(command(at));
                }
                pool::send_all(pool.link(keys.first().unwrap_or(&"")), &pipeline, false).await
            }
            Servers::Cluster(cluster) => {
                let slots: Vec<u16> = keys.iter().map(|key| slot(key)).collect();
                Ok(cluster.send_all(&slots, command, false).await)
            }
        }
    }

    /// What stands under each of `keys`, in one round trip. What is of another Redis type may look vacant.
    pub(super) async fn read_many(&self, keys: &[&str]) -> Result<Vec<Answer>, RedisError> {
        match self {
            Servers::One(pool) => {
                let link = pool.link(keys.first().unwrap_or(&""));
                match pool::send(link, cmd("MGET").arg(keys), true).await? {
                    Value::Array(values) if values.len() == keys.len() => {
                        Ok(values.into_iter().map(Ok).collect())
                    }
                    _ => {
                        let what = "the server did not answer for every key";
                        Err((ErrorKind::UnexpectedReturnType, what).into())
                    }
                }
            }
            Servers::Cluster(cluster) => Ok(cluster.read_many(keys).await),
        }
    }
}
