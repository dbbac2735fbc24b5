//! The Redis store: one server, or the masters of a cluster, and the scripts that all of them know.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, join_all};

use super::{
    cluster::{nodes::Cluster, seeds::Seeds, slots::slot},
    endpoint::Endpoint,
    queue_scripts::QueueScripts,
    reconnect::Link,
    reply::unavailable,
    script::Scripts,
    server::Server,
};
use crate::{encryption::Encryptor, error::Error, store::breaker::Breakers};

pub(crate) struct RedisStore {
    pub(super) servers: Servers,
    pub(super) scripts: Scripts,
    /// Those of the queues.
    pub(super) queues: Arc<QueueScripts>,
    /// What values go through on their way to a server and back.
    pub(super) encryptor: Encryptor,
}

#[allow(clippy::large_enum_variant, reason = "there is one for each cache")]
pub(super) enum Servers {
    One(Arc<Server>),
    Cluster(Cluster),
}

impl RedisStore {
    /// A store over `connections` connections to one server, each made when it is first needed.
    pub(crate) fn new(
        endpoint: impl Into<Endpoint>,
        connections: usize,
        encryptor: Encryptor,
        breakers: &Breakers,
    ) -> Self {
        RedisStore::over(encryptor, |greeting| {
            let server = Server::new(0, endpoint.into(), connections, &greeting, breakers);
            Servers::One(Arc::new(server))
        })
    }

    /// A store over a cluster, with `connections` connections or one to each master, whichever is more.
    pub(crate) fn cluster(
        seeds: Seeds,
        connections: usize,
        encryptor: Encryptor,
        breakers: &Breakers,
    ) -> Self {
        RedisStore::over(encryptor, |greeting| {
            Servers::Cluster(Cluster::new(seeds, connections, greeting, breakers))
        })
    }

    fn over(encryptor: Encryptor, servers: impl FnOnce(Arc<redis::Pipeline>) -> Servers) -> Self {
        let (scripts, queues) = (Scripts::new(), QueueScripts::new());
        // Known scripts are called by their hash in one message, so a call that is cut short by its
        // deadline has still been sent whole.
        let mut greeting = scripts.load();
        queues.load(&mut greeting);
        RedisStore {
            servers: servers(Arc::new(greeting)),
            scripts,
            queues: Arc::new(queues),
            encryptor,
        }
    }

    /// Starts to connect every link, and waits until each has succeeded or failed once.
    pub(crate) async fn connect(&self) -> Result<(), Error> {
        let connected = match &self.servers {
            Servers::One(server) => server.connect().await,
            Servers::Cluster(cluster) => cluster.connect().await,
        };
        connected.map_err(|e| unavailable(&e))
    }

    /// What this is called in statistics.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.servers {
            Servers::One(server) if server.endpoint().has_sentinels() => "sentinel",
            Servers::One(_) => "redis",
            Servers::Cluster(_) => "cluster",
        }
    }

    /// Whether another server may take the place of one, which may not know it for a while.
    pub(crate) fn has_stand_ins(&self) -> bool {
        match &self.servers {
            Servers::One(server) => server.endpoint().has_sentinels(),
            Servers::Cluster(_) => true,
        }
    }

    /// Asks sentinels, or the other nodes of a cluster, whether the servers of `keys` are still masters. Where another
    /// one is, the lanes of its keys have another connection from then on, or none yet.
    ///
    /// It is rare, so it is boxed: callers' futures are checked for `Send` down to its socket, and have to be nested less
    /// deeply than the compiler's `recursion_limit` allows.
    pub(crate) fn verify_masters<'a>(&'a self, keys: &'a [&str]) -> BoxFuture<'a, ()> {
        match &self.servers {
            Servers::One(server) => {
                join_all(server.links().iter().map(Link::verify_master)).map(drop).boxed()
            }
            Servers::Cluster(cluster) => {
                let slots: Vec<u16> = keys.iter().map(|key| slot(key)).collect();
                async move { cluster.verify_masters(&slots).await }.boxed()
            }
        }
    }

    /// Whether no server can be asked for anything.
    pub(crate) fn all_open(&self) -> bool {
        match &self.servers {
            Servers::One(server) => !server.breaker.snapshot().is_closed(),
            Servers::Cluster(cluster) => cluster.all_open(),
        }
    }
}
