//! A connection that brings no answers, though it is not lost, as behind a proxy that has forgotten it.
//!
//! Those to the same server may do well meanwhile, so that no breaker opens, and no probe finds it out.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use redis::cmd;
use tokio::{runtime::Handle, time};

use super::{Link, Shared};
use crate::store::redis::reconnect::{Connection, LinkState, Liveness};

/// After so long without an answer, a connection is not to be trusted any more.
const PATIENCE: Duration = Duration::from_secs(5);

impl Link {
    /// Notes that an operation on `key` had no answer in time, and has its connection made anew if none comes at all.
    pub(in crate::store::redis) fn suspect(&self, key: &str) {
        self.set_silent(true);
        let connection = match &*self.shared.slot.borrow() {
            LinkState::Up(connection) => connection.clone(),
            _ => return,
        };
        let Ok(runtime) = Handle::try_current() else { return };
        if let Some(watch) = Watch::begin(&connection.liveness) {
            let link = Arc::downgrade(&self.shared);
            runtime.spawn(watch.over(connection, link, key.to_owned()));
        }
    }
}

/// The right to wait for an answer on a connection. Dropped, as with its runtime, it leaves it to another one.
struct Watch(Arc<Liveness>);

impl Watch {
    fn begin(liveness: &Arc<Liveness>) -> Option<Watch> {
        let others = liveness.watched.swap(true, Ordering::AcqRel);
        (!others).then(|| Watch(Arc::clone(liveness)))
    }

    /// Asks for something small. What is sent later is answered later, so any answer will do.
    async fn over(self, mut connection: Connection, link: Weak<Shared>, key: String) {
        let mut look = cmd("GETRANGE");
        look.arg(key).arg(0).arg(0);
        let answer = time::timeout(PATIENCE, connection.send(&look)).await;
        let Some(link) = link.upgrade().map(|shared| Link { shared }) else { return };
        match answer {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => drop(link.lost(&connection, &error)),
            Err(_) => {
                let address = &link.shared.address;
                tracing::debug!(?address, "a connection to the cache's server brings no answers");
                link.replace(&connection);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.watched.store(false, Ordering::Release);
    }
}
