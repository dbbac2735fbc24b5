//! The Redis store: one server, or the masters of a cluster, and the scripts that all of them know.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, join_all};

use super::{
    cluster::{nodes::Cluster, seeds::Seeds, slots::slot},
    endpoint::Endpoint,
    incarnation::Greeting,
    local::{Copies, LocalSettings},
    queue_scripts::QueueScripts,
    reconnect::Link,
    reply::unavailable,
    script::Scripts,
    server::Server,
};
use crate::{encryption::Encryptor, error::Error, store::breaker::Breakers};

/// How a store connects.
pub(crate) struct Connections {
    /// How many connections there are to the only server, or about how many to all of a cluster.
    pub(crate) number: usize,
    /// Whether what is of another incarnation is not believed.
    pub(crate) compare_incarnations: bool,
    pub(crate) local: LocalSettings,
    /// The key under which processes agree on that.
    pub(crate) agreement_key: Box<str>,
}

impl From<usize> for Connections {
    /// So many connections, over which everything is believed.
    fn from(number: usize) -> Connections {
        Connections {
            number,
            compare_incarnations: false,
            local: LocalSettings::DEFAULT,
            agreement_key: "#local".into(),
        }
    }
}

pub(crate) struct RedisStore {
    pub(super) servers: Servers,
    pub(super) scripts: Scripts,
    /// Those of the queues.
    pub(super) queues: Arc<QueueScripts>,
    /// What values go through on their way to a server and back.
    pub(super) encryptor: Encryptor,
    /// What this process holds of the servers.
    pub(super) copies: Arc<Copies>,
}

#[allow(clippy::large_enum_variant, reason = "there is one for each cache")]
pub(super) enum Servers {
    One(Arc<Server>),
    Cluster(Cluster),
}

impl RedisStore {
    /// A store over one server. Each connection is made when it is first needed.
    pub(crate) fn new(
        endpoint: impl Into<Endpoint>,
        connections: impl Into<Connections>,
        encryptor: Encryptor,
        breakers: &Breakers,
    ) -> Self {
        let connections = connections.into();
        RedisStore::over(encryptor, &connections, breakers, |greeting, _| {
            let (endpoint, number) = (endpoint.into(), connections.number);
            let server = Server::new(0, endpoint, number, &greeting, breakers);
            Servers::One(Arc::new(server))
        })
    }

    /// A store over a cluster, with one connection to each master at least.
    pub(crate) fn cluster(
        seeds: Seeds,
        connections: impl Into<Connections>,
        encryptor: Encryptor,
        breakers: &Breakers,
    ) -> Self {
        let connections = connections.into();
        RedisStore::over(encryptor, &connections, breakers, |greeting, copies| {
            Servers::Cluster(Cluster::new(seeds, connections.number, greeting, breakers, copies))
        })
    }

    fn over(
        encryptor: Encryptor,
        connections: &Connections,
        breakers: &Breakers,
        servers: impl FnOnce(Arc<Greeting>, &Arc<Copies>) -> Servers,
    ) -> Self {
        let (scripts, queues) = (Scripts::new(), QueueScripts::new());
        // Known scripts are called by their hash in one message, so a call that is cut short by its
        // deadline has still been sent whole.
        let mut greeting = scripts.load();
        queues.load(&mut greeting);
        let greeting = Greeting::new(greeting, connections.compare_incarnations);
        let (local, key) = (connections.local, connections.agreement_key.clone());
        let copies = Arc::new(Copies::new(local, key, Arc::clone(&breakers.counters)));
        RedisStore {
            servers: servers(Arc::new(greeting), &copies),
            scripts,
            queues: Arc::new(queues),
            encryptor,
            copies,
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
