//! What each annotated function has done: its live counters, and their snapshot.

use serde::Serialize;

use super::{
    counter::Counter,
    histogram::{Latency, Timer},
};

macro_rules! counters {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// The live counters of one function on one cache.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
            pub(crate) load_time: Timer,
            pub(crate) lock_wait_time: Timer,
        }

        /// What one function has done on one cache since that was built.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub struct FunctionStats {
            /// The function's name: `module::Type::function`, or what `name = "…"` says.
            pub name: String,
            $($(#[$meta])* pub $name: u64,)*
            /// How long the runs of the body took that came to an end, failed ones among them; of a batch, its one
            /// load.
            pub load_time: Latency,
            /// How long calls waited for another process's load (with `lock`).
            pub lock_wait_time: Latency,
        }

        impl Counters {
            pub(super) fn snapshot(&self, name: &str) -> FunctionStats {
                FunctionStats {
                    name: name.to_owned(),
                    $($name: self.$name.get(),)*
                    load_time: self.load_time.snapshot(),
                    lock_wait_time: self.lock_wait_time.snapshot(),
                }
            }
        }

        impl FunctionStats {
            pub(super) fn add(&mut self, other: &FunctionStats) {
                $(self.$name += other.$name;)*
                self.load_time.add(&other.load_time);
                self.lock_wait_time.add(&other.lock_wait_time);
            }
        }
    };
}

counters! {
    /// Calls answered by a value in the store.
    hits,
    /// Calls answered by a remembered `None`.
    negative_hits,
    /// Calls that found no value in the store at first, whatever answered them then.
    misses,
    /// Calls that ran the function's body.
    loads,
    /// Runs of the body that returned `Err`.
    load_failures,
    /// Calls answered by another call's load in the same process.
    coalesced,
    /// Calls that waited for another process's load (with `lock`).
    lock_waits,
    /// Loaded values that were not stored, because a write came between.
    superseded,
    /// Operations on the store that failed or came too late.
    store_errors,
    /// Entries that could not be read: foreign bytes, another codec, another type.
    undecodable,
    /// Values that could not be written in the codec.
    unencodable,
    /// Values that were not stored because they are larger than `max_bytes`.
    too_large,
    /// Calls answered by a value that had expired (`stale_while_revalidate`, `stale_if_error`, `soft_timeout`).
    stale_hits,
    /// Loads in the background, of values that had expired or were about to.
    refreshes,
    /// Hits that were loaded anew to compare, by `audit`.
    audits,
    /// Audited hits where the cache held something else than the source, and no write explains it.
    stale_detected,
    /// Calls that went past the cache, by `when`.
    bypassed,
    /// Keys that were invalidated (a writer's keys, one by one).
    invalidations,
    /// Writes that were refused before they began, by `on_unavailable = "error"`.
    refused,
    /// Writes that were accepted to be written behind.
    queued,
    /// Writes that were written behind: they are in the database.
    flushed,
    /// Writes that a later one of their key replaced before they were flushed.
    replaced,
    /// Runs of a batch function that succeeded.
    batches,
    /// Runs of a batch function that failed.
    batch_failures,
    /// Writes that the database did not take, and that became dead letters.
    dead_letters,
}

impl FunctionStats {
    /// The part of the calls that the store answered, between 0 and 1; 0 where there were none. A value that had
    /// expired counts, if it was served without a load.
    pub fn hit_rate(&self) -> f64 {
        let hits = self.hits + self.negative_hits + self.stale_hits;
        let calls = hits + self.misses;
        if calls == 0 { 0.0 } else { hits as f64 / calls as f64 }
    }
}
