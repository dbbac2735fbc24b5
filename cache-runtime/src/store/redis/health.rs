//! How a server is, as its links see it, and what brings them back.

use std::{future::pending, pin::pin, time::Duration};

use futures_util::future::{BoxFuture, FutureExt, join_all};
use tokio::time::timeout;

use super::{RedisStore, reconnect::Link};
use crate::{entry::Entry, error::Error, protocol::State, store::ConnectionState};

/// How often those who know are asked whether a server that does not answer has been replaced. Sooner, an answer is no
/// reason to ask.
const LOOK: Duration = Duration::from_millis(500);

impl RedisStore {
    /// How the link of `key` is. Where nobody knows which node of a cluster that is, it is none that can be reached.
    pub(crate) fn connection_state(&self, key: &str) -> ConnectionState {
        self.servers.with_link(key, Link::connection_state).unwrap_or(ConnectionState::Unreachable)
    }

    /// Notes that an operation on `key` had no answer in time.
    pub(crate) fn suspect(&self, key: &str) {
        self.servers.with_link(key, |link| link.suspect(key));
    }

    /// Has an attempt to connect made now, if the link of `key` has no connection.
    pub(crate) fn reconnect_now(&self, key: &str) {
        self.servers.with_link(key, Link::reconnect_now);
    }

    /// Asks for something cheap; connects first, if need be. Any answer will do that does not say that the server is
    /// unwell.
    pub(crate) async fn probe(&self, key: &str) -> Result<(), Error> {
        self.servers.retry_connect(key).await;
        let answer = match self.servers.has_stand_ins() {
            true => self.read_of_the_master(key).await,
            false => self.read(key).await,
        };
        match answer {
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Looks at a key. A server that has not answered for long may have been replaced, and not know it when it does.
    async fn read_of_the_master(&self, key: &str) -> Result<State<Entry>, Error> {
        'anew: loop {
            let (way, mut late) = (self.connection_of(key), false);
            let mut answer = pin!(self.read(key));
            loop {
                let answered = timeout(LOOK, &mut answer).await;
                if late || answered.is_err() {
                    late = true;
                    self.verify_masters(&[key]).await;
                    if self.connection_of(key) != way {
                        continue 'anew;
                    }
                }
                if let Ok(answer) = answered {
                    return answer;
                }
            }
        }
    }

    /// Whether another server may take the place of one.
    pub(crate) fn has_stand_ins(&self) -> bool {
        self.servers.has_stand_ins()
    }

    /// Has those asked who know whether the servers of `keys` are so still.
    ///
    /// It is rare, so it is boxed: callers' futures are checked for `Send` down to its socket, and have to be nested less
    /// deeply than the compiler's `recursion_limit` allows.
    pub(crate) fn verify_masters<'a>(&'a self, keys: &'a [&str]) -> BoxFuture<'a, ()> {
        self.servers.verify_masters(keys).boxed()
    }

    /// Which connection the link of `key` has.
    pub(crate) fn connection_of(&self, key: &str) -> Option<u64> {
        self.servers.with_link(key, Link::which).flatten()
    }

    /// Waits until the link of `key` has another connection than `old`.
    pub(crate) async fn comes_up(&self, key: &str, old: Option<u64>) {
        match self.servers.with_link(key, Link::clone) {
            Some(link) => link.comes_up(old).await,
            None => pending().await,
        }
    }

    /// Connects every link to the server of `key` that has no connection, and clears the unresponsive flag.
    pub(crate) async fn reconnect_all(&self, key: &str) {
        join_all(self.servers.links(key).iter().map(|link| async {
            link.retry_connect().await;
            link.set_silent(false);
        }))
        .await;
    }

    /// Makes every connection to the server of `key` anew.
    pub(crate) fn renew(&self, key: &str) {
        self.servers.links(key).iter().for_each(Link::renew);
    }
}
