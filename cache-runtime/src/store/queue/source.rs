//! A flusher's own way to its queue.

use std::time::Duration;

use super::{DeadLetterOutcome, DeadLetterRequest, Landing, Names, Taken};
#[cfg(feature = "redis")]
use crate::store::{redis, sealed::Sealed};
use crate::{error::Error, protocol::Nonce, store::memory::MemoryStore};

/// A flusher's way to its queue. A remote one has a connection of its own, since it waits there, and bounds
/// what it waits for itself.
pub(crate) enum Source<'a> {
    Memory(&'a MemoryStore),
    #[cfg(feature = "redis")]
    Redis(Sealed<redis::stream::Source>),
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

    /// Takes writes that are in the database out of the queue. Told twice, it does no harm.
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
