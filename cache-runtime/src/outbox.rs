//! An outbox: invalidations that a database records in its own transactions, and that a follower sends to the cache.
//!
//! `#[invalidates]` invalidates what its own process writes, and sends what the store has not confirmed again for as long
//! as that process lives. A process that dies meanwhile takes such invalidations with it, and a row that somebody
//! else changes (a console, a migration, a service in another language) is invalidated by nobody. An outbox covers both: a
//! table to which the database adds the changed keys and tags, by a trigger or by the program, in the transaction that
//! changes the rows. So an invalidation is recorded exactly if the change is committed. [`Cache::follow`] starts a task
//! that takes them from the table and invalidates them.
//!
//! An outbox does not replace the attributes. They invalidate before the write is committed; the follower invalidates
//! some milliseconds after.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
//! use std::{convert::Infallible, sync::Mutex, time::Duration};
//! use cache_runtime::{Cache, outbox::{Backlog, Change, Outbox, Taken}};
//! use tokio::sync::Notify;
//!
//! /// Stands in for a table of a database.
//! #[derive(Default)]
//! struct Table { rows: Mutex<Vec<Change>>, arrived: Notify }
//!
//! impl Table {
//!     /// What a trigger does.
//!     fn record(&self, change: Change) {
//!         self.rows.lock().unwrap().push(change);
//!         self.arrived.notify_one();
//!     }
//! }
//!
//! impl Outbox for &'static Table {
//!     type Receipt = Vec<Change>;
//!     type Error = Infallible;
//!
//!     async fn take(&self, most: usize) -> Result<Taken<Vec<Change>>, Infallible> {
//!         let mut rows = self.rows.lock().unwrap();
//!         let most = most.min(rows.len());
//!         let changes: Vec<Change> = rows.drain(..most).collect();
//!         Ok(Taken { receipt: changes.clone(), changes })
//!     }
//!
//!     async fn finish(&self, receipt: Vec<Change>, confirmed: &[bool]) -> Result<(), Infallible> {
//!         let given_back = receipt.into_iter().zip(confirmed).filter(|(_, confirmed)| !**confirmed);
//!         self.rows.lock().unwrap().extend(given_back.map(|(change, _)| change));
//!         Ok(())
//!     }
//!
//!     async fn arrival(&self) -> Result<(), Infallible> {
//!         Ok(self.arrived.notified().await)
//!     }
//!
//!     async fn backlog(&self) -> Result<Backlog, Infallible> {
//!         Ok(Backlog { changes: self.rows.lock().unwrap().len() as u64, oldest: Duration::ZERO })
//!     }
//! }
//!
//! let table: &'static Table = Box::leak(Box::default());
//! let cache = Cache::in_memory();
//! let follower = cache.follow("users", table);
//!
//! cache.put("user:42", "Ann", 3600).await;
//! table.record(Change::key("user:", "42")); // somebody else has changed the row
//! while cache.get::<String>("user:42").await?.is_some() {
//!     tokio::time::sleep(Duration::from_millis(1)).await;
//! }
//! follower.shutdown().await;
//! assert_eq!(cache.stats().outboxes[0].invalidated, 1);
//! # Ok(()) }
//! ```
//!
//! # What is promised
//!
//! - **At least once.** A change leaves the outbox when the store has confirmed its invalidation, and no earlier. A follower that
//!   is killed, at any moment, loses nothing: what it had taken comes again.
//! - **No order is needed.** An invalidation carries no value, so it is right whenever it arrives after the commit, and as
//!   often as it arrives.
//! - **Several followers share the work**, in one process or in many, as far as [`Outbox::take`] gives a change to one
//!   follower at a time.
//!
//! # What is not
//!
//! - Between the commit of a change by somebody else and its invalidation readers get the old value. How long that takes is the
//!   lag in [`OutboxStats`](crate::OutboxStats).
//! - A value that `#[write_through]` stores is invalidated as well, when the follower gets to its change: the
//!   next read loads.
//! - Over `memory://` a follower only empties the cache of its own process. So a second process with such a cache must not follow
//!   the same outbox.

mod change;
mod follower;
mod source;
mod worker;

use std::sync::Arc;

use tokio::sync::watch;

use self::worker::{Sender, Worker};
pub use self::{
    change::Change,
    follower::Follower,
    source::{Backlog, Outbox, Taken},
};
use crate::{cache::Cache, guard::Guard, shared::Inner, write};

impl Cache {
    /// Starts a task that invalidates what `outbox` records, until the follower is shut down or dropped.
    ///
    /// `name` is the outbox's name in the [statistics](crate::Stats::outboxes). Every process may follow: the followers share
    /// the work. A disabled cache follows nothing, so that it takes no change away from others.
    ///
    /// The module [`outbox`](crate::outbox) has an example, and says what is promised.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn follow<O: Outbox>(&self, name: &'static str, outbox: O) -> Follower {
        let Some(guard) = &self.inner.guard else { return Follower::idle(name) };
        start(&self.inner, name, outbox, sender(&self.inner, guard))
    }
}

fn start<O: Outbox>(
    inner: &Arc<Inner>,
    name: &'static str,
    outbox: O,
    send: Box<Sender>,
) -> Follower {
    let (stop, stopped) = watch::channel(false);
    let (inner, counters) = (Arc::clone(inner), inner.registry.outbox(name));
    let worker = Worker { inner, name, outbox, send, counters, stopped };
    Follower::new(name, stop, tokio::spawn(worker::run(Arc::new(worker))))
}

/// Invalidates stored keys, and says of each whether the store has confirmed it.
fn sender(inner: &Arc<Inner>, guard: &Arc<Guard>) -> Box<Sender> {
    let (inner, guard) = (Arc::clone(inner), Arc::clone(guard));
    Box::new(move |keys| {
        let (inner, guard) = (Arc::clone(&inner), Arc::clone(&guard));
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(keys.len());
            let sent = keys.into_iter().map(|key| write::invalidate(&inner, &guard, key));
            guard.each(sent, |outcome| outcomes.push(outcome)).await;
            outcomes
        })
    })
}

#[cfg(test)]
mod tests;
