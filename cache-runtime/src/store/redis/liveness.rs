//! Liveness: whether a connection brings answers.
//!
//! A connection may bring none although it is not lost, as behind a proxy that has forgotten it. Other connections to the same
//! server may do well meanwhile, so that no breaker opens and no probe finds it. It is made anew after a while.

use std::{pin::pin, sync::atomic::Ordering, time::Duration};

use redis::cmd;
use tokio::runtime::Handle;

use super::{
    connect::Connection,
    reconnect::{Link, WeakLink},
};
use crate::{store::connection::ConnectionState, time::in_real_time};

/// After so long without an answer, a connection is given up.
const PATIENCE: Duration = Duration::from_secs(5);

impl Link {
    /// Whether something of a large value has come or gone over its connection within this time.
    pub(super) fn transfers(&self, within: Duration) -> bool {
        self.current().is_some_and(|up| up.liveness().transfer.is_under_way(within))
    }

    /// The state of its connection.
    pub(super) fn state(&self) -> ConnectionState {
        match self.current() {
            Some(up) if up.liveness().unresponsive.load(Ordering::Relaxed) => {
                ConnectionState::Unresponsive
            }
            Some(_) => ConnectionState::Connected,
            None if self.stats().are_small() => ConnectionState::Refused,
            None => ConnectionState::Unreachable,
        }
    }

    /// Clears the unresponsive flag.
    pub(super) fn clear_unresponsive(&self) {
        self.stats().is_well();
        if let Some(connection) = self.current() {
            connection.liveness().unresponsive.store(false, Ordering::Relaxed);
        }
    }

    /// An operation on `key` had no answer in time. If no answer comes at all, the connection is made anew.
    pub(super) fn mark_unresponsive(&self, key: &str) {
        let Some(connection) = self.current() else { return };
        connection.liveness().unresponsive.store(true, Ordering::Relaxed);
        let Ok(runtime) = Handle::try_current() else { return };
        if let Some(watch) = Watch::begin(connection) {
            runtime.spawn(watch.over(self.downgrade(), key.to_owned()));
        }
    }
}

/// The one task that waits for an answer on a connection. If its runtime shuts down under it, another one can be started.
struct Watch(Connection);

impl Watch {
    fn begin(connection: Connection) -> Option<Watch> {
        let others = connection.liveness().watched.swap(true, Ordering::AcqRel);
        (!others).then(|| Watch(connection))
    }

    /// Sends a small command, and waits for its answer. Answers come in order, so one to this command shows that the
    /// connection lives.
    async fn over(mut self, link: WeakLink, key: String) {
        let mut look = cmd("GETRANGE");
        look.arg(key).arg(0).arg(0);
        let answer = in_real_time(PATIENCE, pin!(self.0.send(&look))).await;
        let Some(link) = link.upgrade() else { return };
        match answer {
            Some(Ok(_)) => {}
            Some(Err(error)) => drop(link.lost(&self.0, &error)),
            None => {
                let endpoint = link.endpoint();
                tracing::debug!(address = ?endpoint, "a connection to the cache's server brings no answers");
                link.replace(&self.0);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.liveness().watched.store(false, Ordering::Release);
    }
}
