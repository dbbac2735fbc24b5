//! One server: the connections to it that all callers share, and its breaker.

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use redis::RedisResult;

use super::{
    endpoint::Endpoint,
    incarnation::{Current, Greeting},
    local::Copies,
    reconnect::Link,
};
use crate::store::breaker::{Breaker, Breakers};

pub(super) struct Server {
    /// Which of all the nodes of a cluster that this process has ever known. Zero for the only server.
    pub(super) number: usize,
    pub(super) breaker: Arc<Breaker>,
    links: Box<[Link]>,
    /// What a further connection needs.
    endpoint: Endpoint,
    greeting: Arc<Greeting>,
    current: Arc<Current>,
    /// A connection for what is read to be kept, made when that is first asked for.
    for_copies: OnceLock<Link>,
}

impl Server {
    /// A server with so many connections, each made when it is first needed.
    pub(super) fn new(
        number: usize,
        endpoint: Endpoint,
        connections: usize,
        greeting: &Arc<Greeting>,
        breakers: &Breakers,
    ) -> Server {
        let current = Arc::default();
        let link = |_| Link::new(endpoint.clone(), Arc::clone(greeting), Arc::clone(&current));
        Server {
            number,
            breaker: Arc::new(Breaker::new(breakers)),
            links: (0..connections.max(1)).map(link).collect(),
            endpoint,
            greeting: Arc::clone(greeting),
            current,
            for_copies: OnceLock::new(),
        }
    }

    /// Whether another server may take its place without its knowing.
    fn has_stand_ins(&self) -> bool {
        self.endpoint.has_sentinels() || self.number > 0
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// All connections.
    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// The connection of a key, by the key's place. It is always the same one, so that the steps of this process on a key
    /// reach the server in the order in which they were sent.
    pub(super) fn link(&self, place: usize) -> &Link {
        &self.links[self.link_index(place)]
    }

    pub(super) fn link_index(&self, place: usize) -> usize {
        place % self.links.len()
    }

    /// One more connection, for whoever wants to wait on it.
    pub(super) fn further_link(&self) -> Link {
        Link::new(self.endpoint.clone(), Arc::clone(&self.greeting), Arc::clone(&self.current))
    }

    /// The connection over which keys are read whose copies are kept. None where the server cannot track keys.
    pub(super) fn link_for_copies(&self, copies: &Arc<Copies>) -> Option<&Link> {
        let link = self.for_copies.get_or_init(|| {
            let greeting = Arc::new(self.greeting.tracking(copies, self.has_stand_ins()));
            Link::new(self.endpoint.clone(), greeting, Arc::clone(&self.current))
        });
        Some(link)
    }

    /// Starts to connect.
    pub(super) fn start(&self) {
        self.links.iter().for_each(Link::start);
    }

    /// Starts to connect, and waits until each connection has been made or has failed once.
    pub(super) async fn connect(&self) -> RedisResult<()> {
        self.start();
        for link in &self.links {
            link.connection().await?;
        }
        Ok(())
    }

    /// Whether each connection is there, as far as is known.
    pub(super) fn is_up(&self) -> bool {
        self.links.iter().all(|link| matches!(link.connection().now_or_never(), Some(Ok(_))))
    }
}
