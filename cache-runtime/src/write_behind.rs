//! Write-behind: a value is readable from the cache at once, and in the database later, in batches.
//!
//! What is written is accepted by a queue in the store, together with its key, in one atomic step. One
//! process at a time flushes: it takes what waits, calls the user's batch function once for all of it, and only
//! then takes it out of the queue.

mod batch_fn;
mod buffer;
mod dead_letter;
mod flush;
mod flusher;
mod leader;
mod leadership;
mod queue;
mod settings;

use std::{fmt, future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    batch_fn::{BatchItem, Queued},
    dead_letter::DeadLetter,
    flusher::Flusher,
};
use self::{queue::Queue, settings::Settings};
use crate::{
    codec::{self, Meta},
    encoding::Encoding,
    entry::Entry,
    error::Error,
    expiry,
    key::{CacheKey, KeyOf, KeyWriter},
    policy::Policy,
    protocol::Nonce,
    shared::Inner,
    store::queue::Durability,
    time::{nonce, now_ms},
};

/// A queue of values that are written behind: what [`Cache::write_behind`](crate::Cache::write_behind) gives,
/// and what `#[write_behind]` makes for a batch function.
///
/// It has two halves. [`write`](WriteBehind::write) accepts a value: it is what every reader of its key gets
/// from then on, in every process. A [`flusher`](WriteBehind::flusher) brings what was accepted to the database,
/// in batches. A process can have either half or both; cloning is cheap, and clones are the same queue.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
/// use cache_runtime::{Cache, Policy, WriteBehind};
///
/// const VIEWS: Policy = Policy::ttl(3600);
///
/// let cache = Cache::in_memory();
/// let views: WriteBehind<u64> = cache.write_behind("views", &VIEWS).batch(500).capacity(100_000);
///
/// views.write("views:7", &1).await?;
/// views.write("views:7", &2).await?;
/// assert_eq!(cache.get::<u64>("views:7").await?, Some(2)); // at once
///
/// let flusher = views.flusher(|batch: Vec<u64>| async move {
///     assert_eq!(batch, [2]); // one upsert of many rows; the last value of each key
///     Ok::<_, std::io::Error>(())
/// });
/// flusher.shutdown().await; // flushes what is queued
/// assert_eq!(views.len().await?, 0);
/// # Ok(()) }
/// ```
///
/// # What is promised
///
/// - **Nothing accepted is lost**, as far as the store keeps what it has acknowledged (see
///   [`durability`](WriteBehind::durability)). A flusher that is killed at any moment leaves what it had not
///   finished to the next one, in this process or another.
/// - **At least once, in order for each key.** Writes reach the batch function in the order in which they were
///   accepted; within a batch, a later write of a key replaces the earlier ones. A batch whose process dies
///   between its commit and its acknowledgement comes again, so the function has to be one that can be run
///   twice, such as an upsert. What comes again takes no row back to an older value.
/// - **No older row is seen while a write waits.** The key does not expire and is not evicted; an invalidation or
///   a fence of it is noted, and takes effect when the write is in the database; a load that began before is not
///   stored.
/// - **A full queue pushes back**: `write` waits, and in the end fails with [`Error::Full`].
///
/// # What is not
///
/// - A flusher that stalls for longer than its [`lease`](WriteBehind::lease) (a process that is stopped, a
///   machine that sleeps) is deposed, and its successor goes on. If its statement was on its way to the database
///   by then, it can still be committed, after later ones. Where that matters, let the batch function take
///   [`Queued`] values and have the database compare their places: `WHERE rows.seq < excluded.seq`.
/// - Rows that are also written past the queue have no order with it: the queue's value comes last, whenever that
///   is.
/// - Over `memory://` the queue is in this process's memory. A crash, a SIGKILL or a `std::process::exit`
///   loses what has not been flushed, so end with [`Flusher::shutdown`].
/// - An eviction policy that may evict anything (`allkeys-…`) may evict the queue. A failover of Redis that
///   loses acknowledged writes loses them here.
/// - A queue and its keys belong together. Whoever deletes its stream by hand leaves its keys as they are, without end,
///   until they are written again.
/// - On a Redis Cluster a key and its queue have to be in one hash slot: give both a hash tag, such as the queue
///   `{views}` and the key `{views}:7`.
///
/// # When the store cannot be reached
///
/// `write` fails with [`Error::Unavailable`], and the value has not been accepted, or not for certain. Nothing else is
/// done on its own: to write the row directly instead would be easy (call the batch function with it), but an
/// earlier write of the row may still wait in the queue that cannot be reached, and would be flushed over it. Do
/// that only where the database compares places, or where losing the later write is no harm.
///
/// # Poison
///
/// A batch that fails is tried again after pauses that grow. After [`attempts`](WriteBehind::attempts) it is
/// taken apart, so that rows that the database takes are written. A row that it refuses, though it takes others,
/// becomes a [dead letter](WriteBehind::dead_letters): its key holds nothing then, and readers see the database's
/// row. While the database takes nothing at all it is thought to be away, and everything waits for it, for
/// [`patience`](WriteBehind::patience).
pub struct WriteBehind<T> {
    queue: Queue,
    coding: Coding<T>,
}

/// How values become entries and are read again: where a queue is made is the one place that has to know that they
/// can be.
struct Coding<T> {
    encode: Encode<T>,
    decode: Decode<T>,
}

type Encode<T> = fn(&T, Nonce, &Encoding, Meta<'_>) -> Result<Entry, Error>;
type Decode<T> = fn(&Entry, &Encoding) -> Result<T, Error>;

impl<T: Serialize + DeserializeOwned> Coding<T> {
    const NEW: Coding<T> = Coding {
        encode: |value, stamp, encoding, meta| {
            // What could not be read back could not be flushed.
            codec::encode_verified(value, stamp, encoding, meta)
        },
        decode: codec::decode,
    };
}

impl<T> Clone for Coding<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Coding<T> {}

impl<T: Serialize + DeserializeOwned> WriteBehind<T> {
    pub(crate) fn new(
        inner: &Arc<Inner>,
        title: &str,
        policy: Policy,
        label: &'static str,
    ) -> Self {
        assert!(
            !title.is_empty() && !title.contains(|c: char| c.is_whitespace() || c.is_control()),
            "the name of a queue is part of a key: {title:?} is empty, or has white space or control \
             characters in it"
        );
        let queue = Queue::new(inner, title, policy, label, Settings::DEFAULT);
        WriteBehind { queue, coding: Coding::NEW }
    }
}

impl<T> WriteBehind<T> {
    /// How many writes wait, or are being flushed.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer within [`wait`](WriteBehind::wait).
    #[allow(clippy::len_without_is_empty, reason = "it is asked of a store, and changes meanwhile")]
    pub async fn len(&self) -> Result<u64, Error> {
        self.queue.len().await
    }

    /// Waits until everything that was accepted before this call is in the database, or a dead letter.
    ///
    /// It only waits: somebody has to flush. While the store cannot be reached it goes on waiting.
    pub async fn flushed(&self) {
        self.queue.flushed().await;
    }

    /// What a crash of the store would lose of what it has accepted. Anything but
    /// [`Durability::Log`] is also warned about, once, when a process first uses the queue.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer within [`wait`](WriteBehind::wait).
    pub async fn durability(&self) -> Result<Durability, Error> {
        self.queue.durability().await
    }
}

impl<T> WriteBehind<T> {
    /// Accepts `value` to be written: from now on it is what is under `key`, and in time it is in the database.
    ///
    /// When this returns `Ok`, the store has acknowledged the write.
    ///
    /// # Errors
    ///
    /// [`Error::Codec`] where the value cannot be written in the codec, or would not read back;
    /// [`Error::Full`] where the queue stayed full; [`Error::Unavailable`] where the store could not be reached,
    /// or did not answer in time: then the write may have been accepted all the same, or may yet be.
    /// [`Error::Config`] where a Redis Cluster could not keep the value and the queue in one hash slot.
    ///
    /// # Cancellation
    ///
    /// As a write that the store did not answer.
    pub async fn write(&self, key: impl KeyOf<T>, value: &T) -> Result<(), Error> {
        let key = self.queue.key(|out| out.key(&key));
        self.accept(key, Vec::new(), value).await
    }

    /// As [`write`](WriteBehind::write), for a value that carries `tags`, as the functions that read it say.
    ///
    /// Once the value is in the database it ends with each of them, like any other entry; until then nothing ends it.
    /// An entry without them would not be found by those who read with them: the first of them would load.
    ///
    /// What lists such values changes when they are written to the database, so it is the batch function that makes
    /// tags of lists stale: with [`Cache::fence_tags`](crate::Cache::fence_tags) around its statement.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::{Cache, Policy, WriteBehind};
    ///
    /// const VIEWS: Policy = Policy::ttl(3600);
    ///
    /// let cache = Cache::in_memory();
    /// let views: WriteBehind<u64> = cache.write_behind("views", &VIEWS);
    /// views.write_tagged("views:7", ["site:1"], &1).await?;
    ///
    /// let flusher = views.flusher(|_: Vec<u64>| async { Ok::<_, std::io::Error>(()) });
    /// flusher.shutdown().await;
    /// let site = cache.tagged(["site:1"]);
    /// assert_eq!(site.get::<u64>("views:7").await?, Some(1));
    /// cache.invalidate_tags(["site:1"]).await?;
    /// assert_eq!(site.get::<u64>("views:7").await?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`write`](WriteBehind::write).
    ///
    /// # Cancellation
    ///
    /// As [`write`](WriteBehind::write).
    pub async fn write_tagged<K: CacheKey>(
        &self,
        key: impl KeyOf<T>,
        tags: impl IntoIterator<Item = K>,
        value: &T,
    ) -> Result<(), Error> {
        let key = self.queue.key(|out| out.key(&key));
        let tags = tags.into_iter().map(|tag| self.queue.inner.tag(|out| out.key(&tag))).collect();
        self.accept(key, tags, value).await
    }

    /// As [`write_tagged`](WriteBehind::write_tagged), for a key that is written by a template and tags as they are
    /// stored.
    pub(crate) async fn write_as(
        &self,
        key: impl FnOnce(&mut KeyWriter<'_>),
        tags: Vec<String>,
        value: &T,
    ) -> Result<(), Error> {
        self.accept(self.queue.key(key), tags, value).await
    }

    /// A tag as it is stored.
    pub(crate) fn tag(&self, write: impl FnOnce(&mut KeyWriter<'_>)) -> String {
        self.queue.inner.tag(write)
    }

    async fn accept(&self, key: String, tags: Vec<String>, value: &T) -> Result<(), Error> {
        let Queue { policy, .. } = &self.queue;
        let life = expiry::life(policy.ttl, policy, now_ms());
        let tags = self.queue.stamps(tags).await?;
        let meta = Meta::new(&life, 0, &tags);
        let entry = (self.coding.encode)(value, nonce(), &policy.encoding, meta)?;
        self.queue.accept(&key, &entry).await
    }

    /// Starts to bring what is accepted to the database, by `flush`, until the flusher is shut down or
    /// dropped.
    ///
    /// `flush` gets the values of one batch, of which no two have one key, in the order in which they were
    /// accepted: as a `Vec<T>`, or a `Vec<Queued<T>>` with their places. It is called once at a time, and again
    /// where it fails or panics. Say the type in the closure: `|users: Vec<User>| …`.
    ///
    /// Every process may have a flusher; one of them works, and the others stand by.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn flusher<B, F, Fut, O, E>(&self, flush: F) -> Flusher
    where
        B: BatchItem<T> + Send + 'static,
        F: Fn(Vec<B>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, E>> + Send + 'static,
        E: fmt::Display,
        T: 'static,
    {
        flusher::start(
            &self.queue,
            batch_fn::erased(self.coding.decode, self.queue.policy.encoding, flush),
        )
    }
}

impl<T> Clone for WriteBehind<T> {
    fn clone(&self) -> Self {
        WriteBehind { queue: self.queue.clone(), coding: self.coding }
    }
}

impl<T> fmt::Debug for WriteBehind<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBehind")
            .field("queue", &self.queue.names.title)
            .field("settings", &self.queue.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
