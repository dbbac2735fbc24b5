//! Probes a server, and brings its connections back.

use std::{pin::pin, time::Duration};

use futures_util::future::{join_all, pending};
use tokio::time::timeout;

use super::{lane::Lane, reconnect::Link, store::RedisStore};
use crate::{entry::Entry, error::Error, protocol::State};

/// How often sentinels or the other nodes are asked whether a server that does not answer has been replaced. They are not
/// asked where it answers sooner.
const LOOK: Duration = Duration::from_millis(500);

impl RedisStore {
    /// Sends a cheap command to the server of `key`; connects first, if need be. Any answer will do that does not say
    /// that the server is unwell.
    pub(crate) async fn probe(&self, key: &str) -> Result<(), Error> {
        self.lane(key).retry_connect().await;
        let answer = match self.has_stand_ins() {
            true => self.read_from_the_master(key).await,
            false => self.lane(key).read(key).await,
        };
        match answer {
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Looks at a key on the master. A server that has not answered for long may have been replaced without knowing it.
    async fn read_from_the_master(&self, key: &str) -> Result<State<Entry>, Error> {
        'anew: loop {
            let lane = self.lane(key);
            let (id, mut late) = (lane.connection_id(), false);
            let mut answer = pin!(lane.read(key));
            loop {
                let answered = timeout(LOOK, &mut answer).await;
                if late || answered.is_err() {
                    late = true;
                    self.verify_masters(&[key]).await;
                    if self.lane(key).connection_id() != id {
                        continue 'anew;
                    }
                }
                if let Ok(answer) = answered {
                    return answer;
                }
            }
        }
    }
}

impl Lane<'_> {
    /// Waits until there is a connection other than `old`.
    pub(crate) async fn connection_other_than(&self, old: Option<u64>) {
        match self.link() {
            Some(link) => link.other_than(old).await,
            None => pending().await,
        }
    }

    /// Connects every link to the server that has no connection, and clears the unresponsive flag.
    pub(crate) async fn reconnect_all(&self) {
        let Some(server) = self.server() else { return };
        join_all(server.links().iter().map(|link| async {
            link.retry_connect().await;
            link.clear_unresponsive();
        }))
        .await;
    }

    /// Makes every connection to the server anew.
    pub(crate) fn renew_all(&self) {
        if let Some(server) = self.server() {
            server.links().iter().for_each(Link::renew);
        }
    }
}
