//! The operations on a queue, on either store: writes are accepted and flushed, or become dead letters.

use std::time::Duration;

#[cfg(feature = "redis")]
use super::redis;
use super::{
    lane::Store,
    memory::MemoryStore,
    queue::{
        DeadLetterOutcome, DeadLetterRequest, Durability, Enqueued, Landing, Letter, Names,
        Replayed, Taken,
    },
};
use crate::{entry::Entry, error::Error, protocol::Nonce};

impl Store {
    /// Accepts a write, unless the queue holds `capacity` of them.
    pub(crate) async fn enqueue(
        &self,
        names: &Names,
        key: &str,
        entry: &Entry,
        capacity: u64,
    ) -> Result<Enqueued, Error> {
        match self {
            Store::Memory(store) => Ok(store.enqueue(names, key, entry, capacity)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.enqueue(names, key, entry, capacity).await,
        }
    }

    /// How many writes wait.
    pub(crate) async fn queued(&self, names: &Names) -> Result<u64, Error> {
        match self {
            Store::Memory(store) => Ok(store.queued(names)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.queued(names).await,
        }
    }

    /// The places of the first write that waits and of the last one.
    pub(crate) async fn ends(&self, names: &Names) -> Result<Option<(i64, i64)>, Error> {
        match self {
            Store::Memory(store) => Ok(store.ends(names)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.ends(names).await,
        }
    }

    /// The first dead letters, at most so many.
    pub(crate) async fn letters(&self, names: &Names, most: usize) -> Result<Vec<Letter>, Error> {
        match self {
            Store::Memory(store) => Ok(store.letters(names, most)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.letters(names, most).await,
        }
    }

    /// Puts a dead letter at the end of the queue, as a write of its own under `stamp`.
    pub(crate) async fn replay(
        &self,
        names: &Names,
        letter: (&str, &str),
        stamp: Nonce,
        capacity: u64,
    ) -> Result<Replayed, Error> {
        match self {
            Store::Memory(store) => Ok(store.replay(names, letter, stamp, capacity)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.replay(names, letter, stamp, capacity).await,
        }
    }

    /// Removes a dead letter for good. Returns whether it was there.
    pub(crate) async fn forget(&self, names: &Names, letter: (&str, &str)) -> Result<bool, Error> {
        match self {
            Store::Memory(store) => Ok(store.forget(names, letter)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.forget(names, letter).await,
        }
    }

    /// What a crash would lose of a queue.
    #[cfg_attr(
        not(feature = "redis"),
        allow(unused_variables, reason = "all queues of the embedded store are lost")
    )]
    pub(crate) async fn durability(&self, names: &Names) -> Result<Durability, Error> {
        match self {
            Store::Memory(_) => Ok(Durability::Memory),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.durability(names).await,
        }
    }

    /// A flusher's access to its queue.
    pub(crate) fn source(&self) -> Source<'_> {
        match self {
            Store::Memory(store) => Source::Memory(store),
            #[cfg(feature = "redis")]
            Store::Redis(store) => Source::Redis(store.source()),
        }
    }
}

/// A flusher's access to its queue. A remote one has a connection of its own, since it waits there, and bounds its waits
/// itself.
pub(crate) enum Source<'a> {
    Memory(&'a MemoryStore),
    #[cfg(feature = "redis")]
    Redis(redis::stream::Source),
}

impl Source<'_> {
    /// Takes up to `most` writes in their order, if the lease of `token` stands: new ones, or where a place is
    /// given, those from there on that were taken before and are not in the database yet. Where there are
    /// none of those, new ones.
    pub(crate) async fn take(
        &mut self,
        names: &Names,
        token: Nonce,
        most: usize,
        again: Option<i64>,
    ) -> Result<Taken, Error> {
        match self {
            Source::Memory(store) => Ok(store.take(names, token, most, again)),
            #[cfg(feature = "redis")]
            Source::Redis(source) => source.take(names, token, most, again).await,
        }
    }

    /// Waits until there is something to take, for `most` at most.
    pub(crate) async fn arrival(&mut self, names: &Names, most: Duration) -> Result<(), Error> {
        match self {
            Source::Memory(store) => {
                store.arrival(names, most).await;
                Ok(())
            }
            #[cfg(feature = "redis")]
            Source::Redis(source) => source.arrival(names, most).await,
        }
    }

    /// Takes writes that are in the database out of the queue. To do so twice does no harm.
    ///
    /// `fence` is for how long nothing may be stored under a key that others have written meanwhile.
    pub(crate) async fn land(
        &mut self,
        names: &Names,
        landings: &[Landing<'_>],
        fence: Duration,
    ) -> Result<(), Error> {
        match self {
            Source::Memory(store) => {
                store.land(names, landings, fence);
                Ok(())
            }
            #[cfg(feature = "redis")]
            Source::Redis(source) => source.land(names, landings, fence).await,
        }
    }

    /// Makes a write a dead letter. Its key is pending no longer, and holds nothing.
    pub(crate) async fn dead_letter(
        &mut self,
        names: &Names,
        request: &DeadLetterRequest<'_>,
        fence: Duration,
    ) -> Result<DeadLetterOutcome, Error> {
        match self {
            Source::Memory(store) => Ok(store.dead_letter(names, request, fence)),
            #[cfg(feature = "redis")]
            Source::Redis(source) => source.dead_letter(names, request, fence).await,
        }
    }
}

#[cfg(all(test, feature = "redis"))]
mod tests;
