//! Write-behind: a value is readable from the cache at once, and reaches the database later, in batches.
//!
//! One atomic step of the store puts a write into a queue and makes its key pending. One process at a time flushes:
//! it takes the writes that wait, calls the user's batch function once for all of them, and only then removes them
//! from the queue.

mod batch_fn;
mod buffer;
mod dead_letter;
mod flush;
mod flusher;
mod leader;
mod leader_lease;
mod queue;
mod settings;
mod term;
mod worker;

use std::{fmt, future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    batch_fn::{BatchItem, Queued},
    dead_letter::DeadLetter,
    flusher::Flusher,
};
use self::{queue::QueueHandle, settings::QueueSettings};
use crate::{
    codec::{self, Compare, Meta, Same, Unstorable},
    declared::{Role, ValueType},
    encoding::Encoding,
    entry::Entry,
    error::Error,
    expiry::Expiry,
    key::{CacheKey, KeyOf, KeyWriter},
    policy::Policy,
    protocol::Nonce,
    shared::{Direct, Inner, Tag},
    store::queue::Durability,
    time::nonce,
    transaction,
};

/// A queue of values that are written behind: what [`Cache::write_behind`](crate::Cache::write_behind) returns,
/// and what `#[write_behind]` makes for a batch function.
///
/// It has two halves. [`write`](WriteBehind::write) accepts a value: from then on every reader of its key gets it, in
/// every process. A [`flusher`](WriteBehind::flusher) writes the accepted values to the database, in batches. A process
/// can have either half or both. Cloning is cheap, and clones are the same queue.
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
///   [`durability`](WriteBehind::durability)). When a flusher is killed, at any moment, the next one finishes its
///   work, in this process or another.
/// - **At least once, in order for each key.** Writes reach the batch function in the order in which they were
///   accepted; within a batch, a later write of a key replaces the earlier ones. If a process dies between the commit
///   of a batch and its acknowledgement, the batch comes again, so the function has to be safe to run twice, such as
///   an upsert. A batch that comes again sets no row back to an older value.
/// - **Nobody sees an older row while a write waits.** The key does not expire and is not evicted. An invalidation or
///   a fence of the key is noted, and takes effect when the write is in the database. A load that began before is not
///   stored.
/// - **A full queue pushes back**: `write` waits, and in the end fails with [`Error::Full`].
///
/// # What is not
///
/// - A flusher that stalls for longer than its [`lease`](WriteBehind::lease) (a process that is stopped, a
///   machine that sleeps) loses the leadership, and another one continues. A statement that it had already sent to the
///   database can still be committed, after later ones. Where that matters, let the batch function take [`Queued`]
///   values and have the database compare their sequence numbers: `WHERE rows.seq < excluded.seq`.
/// - A direct write of a row, which bypasses the queue, has no order with the queued ones: the queue's value is
///   written last, whenever that is.
/// - Over `memory://` the queue is in this process's memory. A crash, a SIGKILL or a `std::process::exit`
///   loses what has not been flushed, so end with [`Flusher::shutdown`].
/// - An eviction policy that may evict anything (`allkeys-…`) may evict the queue. A failover of Redis that
///   loses acknowledged writes loses them here too.
/// - A queue and its keys belong together. Deleting the stream by hand leaves its keys pending, without expiry, until
///   they are written again.
/// - On a Redis Cluster a key and its queue have to be in one hash slot: give both a hash tag, such as the queue
///   `{views}` and the key `{views}:7`.
///
/// # When the store cannot be reached
///
/// `write` fails with [`Error::Unavailable`]: the value was not accepted, or may not have been. The library does
/// nothing else by itself. It would be easy to write the row directly instead (call the batch function with it), but an
/// earlier write of the row may still wait in the unreachable queue, and would later be flushed over it. Only do that
/// where the database compares sequence numbers, or where losing the later write does no harm.
///
/// # Poison
///
/// A batch that fails is retried after growing pauses. After [`attempts`](WriteBehind::attempts) it is split, so that
/// the rows that the database accepts are written. A row that the database refuses, although it accepts others,
/// becomes a [dead letter](WriteBehind::dead_letters): its key is emptied, and readers load the database's row. A
/// database that accepts nothing at all counts as unavailable, and everything waits for it, for
/// [`patience`](WriteBehind::patience).
pub struct WriteBehind<T> {
    queue: QueueHandle,
    coding: ValueCodec<T>,
    same: Same<T>,
}

/// The functions that encode and decode values. Only the constructor of a queue needs the bounds on `T`.
struct ValueCodec<T> {
    encode: Encode<T>,
    decode: Decode<T>,
}

type Encode<T> = fn(&T, Same<T>, Nonce, &Encoding, Meta<'_>) -> Result<Entry, Unstorable>;
type Decode<T> = fn(&Entry, &Encoding) -> Result<T, Error>;

impl<T: Serialize + DeserializeOwned> ValueCodec<T> {
    const NEW: ValueCodec<T> = ValueCodec {
        encode: |value, same, stamp, encoding, meta| {
            // A value that cannot be decoded could not be flushed, and a changed one would be flushed.
            let same: Compare<'_, T> = &|a, b| same.map(|same| same(a, b));
            codec::encode_verified(value, same, stamp, encoding, meta)
        },
        decode: codec::decode,
    };
}

impl<T> Clone for ValueCodec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ValueCodec<T> {}

impl<T: Serialize + DeserializeOwned> WriteBehind<T> {
    pub(crate) fn new(
        inner: &Arc<Inner>,
        title: &str,
        policy: Policy,
        label: &'static str,
    ) -> Self {
        assert!(
            !title.is_empty() && !title.contains(|c: char| c.is_whitespace() || c.is_control()),
            "the name of a queue is part of a key: {title:?} is empty, or contains white space or control \
             characters"
        );
        let queue = QueueHandle::new(inner, title, policy, label, QueueSettings::DEFAULT);
        WriteBehind { queue, coding: ValueCodec::NEW, same: None }
    }
}

impl<T> WriteBehind<T> {
    /// The number of writes that wait or are being flushed.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer within [`wait`](WriteBehind::wait).
    #[allow(
        clippy::len_without_is_empty,
        reason = "the answer comes from a store, and changes meanwhile"
    )]
    pub async fn len(&self) -> Result<u64, Error> {
        self.queue.len().await
    }

    /// Waits until every write that was accepted before this call is in the database, or is a dead letter.
    ///
    /// It only waits: some flusher has to flush. It keeps waiting while the store cannot be reached.
    pub async fn flushed(&self) {
        self.queue.flushed().await;
    }

    /// What a crash of the store would lose of the writes that it has accepted. When a process first uses the queue,
    /// anything but [`Durability::Log`] is also logged once, as a warning.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer within [`wait`](WriteBehind::wait).
    pub async fn durability(&self) -> Result<Durability, Error> {
        self.queue.durability().await
    }
}

impl<T> WriteBehind<T> {
    /// This queue, which refuses a value that `same` finds changed by its encoding: what is queued is decoded again for the
    /// database, and a field that serde skips would be lost there. `PartialEq::eq` does for most types.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, Error, Policy, WriteBehind};
    ///
    /// #[derive(PartialEq, serde::Serialize, serde::Deserialize)]
    /// struct User {
    ///     name: String,
    ///     #[serde(skip_serializing, default)]
    ///     password: String,
    /// }
    ///
    /// let users: WriteBehind<User> = Cache::in_memory().write_behind("users", &Policy::ttl(60)).same(PartialEq::eq);
    /// let ann = User { name: "Ann".into(), password: "secret".into() };
    /// assert!(matches!(users.write("user:1", &ann).await, Err(Error::Codec(_))));
    /// # }
    /// ```
    pub fn same(self, same: fn(&T, &T) -> bool) -> Self {
        WriteBehind { same: Some(same), ..self }
    }

    pub(crate) fn same_if(self, same: Same<T>) -> Self {
        WriteBehind { same, ..self }
    }

    /// Queues `value` to be written: from now on it is the value of `key`, and in time it is in the database.
    ///
    /// When this returns `Ok`, the store has acknowledged the write.
    ///
    /// # Errors
    ///
    /// [`Error::Codec`] where the value cannot be encoded, or could not be decoded again;
    /// [`Error::Full`] where the queue stayed full; [`Error::Unavailable`] where the store could not be reached,
    /// or did not answer in time: then the write may have been accepted all the same, or may yet be.
    /// [`Error::Config`] where the key and the queue are in different hash slots of a Redis Cluster;
    /// [`Error::Transaction`] in the scope of a [`transaction`](crate::transaction()).
    ///
    /// # Cancellation
    ///
    /// Like a write that the store did not answer.
    pub async fn write(&self, key: impl KeyOf<T>, value: &T) -> Result<(), Error> {
        self.write_as(|out| out.key(&key), Vec::new(), value).await
    }

    /// As [`write`](WriteBehind::write), for a value that carries `tags`: the same tags that its readers name.
    ///
    /// Once the value is in the database, each of the tags invalidates it, like any other entry; until then nothing
    /// does. Readers that name the tags would not find an entry without them: the first of them would load.
    ///
    /// A list of such values changes when they are written to the database. So the batch function has to invalidate
    /// the tags of lists, with [`Cache::fence_tags`](crate::Cache::fence_tags) around its statement.
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
    /// cache.invalidate_tags(["site:1"]).await;
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
        let tags = tags.into_iter().map(|tag| self.tag(|out| out.key(&tag))).collect();
        self.write_as(|out| out.key(&key), tags, value).await
    }

    /// As [`write_tagged`](WriteBehind::write_tagged), with a key that a template may write.
    pub(crate) async fn write_as(
        &self,
        key: impl FnOnce(&mut KeyWriter<'_>),
        tags: Vec<Tag>,
        value: &T,
    ) -> Result<(), Error> {
        let QueueHandle { inner, policy, counters, .. } = &self.queue;
        let call = Direct {
            function: counters.name,
            role: Role::Stores,
            version: policy.version,
            value: Some(ValueType::of::<T>(policy.encoding.fingerprint)),
            tags: &tags,
        };
        let (key, id) = inner.direct_key(&call, key);
        let mut encoding = policy.encoding;
        encoding.fingerprint = inner.declared.fingerprint(id, encoding.fingerprint);
        let tags = tags.into_iter().map(|tag| tag.name).collect();
        self.accept(key, tags, &encoding, value).await
    }

    /// A tag that a value carries.
    pub(crate) fn tag(&self, write: impl FnOnce(&mut KeyWriter<'_>)) -> Tag {
        self.queue.inner.direct_tag(write)
    }

    async fn accept(
        &self,
        key: String,
        tags: Vec<String>,
        encoding: &Encoding,
        value: &T,
    ) -> Result<(), Error> {
        if transaction::is_within() {
            return Err(Error::Transaction(
                "a queued write reaches the database whether the transaction is committed or not: queue it after the \
                 commit"
                .into(),
            ));
        }
        let QueueHandle { policy, .. } = &self.queue;
        let expiry = Expiry::new(policy.ttl, policy, self.queue.clock().now_ms());
        let tags = self.queue.stamps(tags).await?;
        let meta = Meta::new(&expiry, 0, &tags);
        let entry = (self.coding.encode)(value, self.same, nonce(), encoding, meta)?;
        self.queue.accept(&key, &entry).await
    }

    /// Starts a task that writes the accepted values to the database by `flush`, until the flusher is shut down or
    /// dropped.
    ///
    /// `flush` gets the values of one batch, in the order in which they were accepted: as a `Vec<T>`, or as a
    /// `Vec<Queued<T>>` with their sequence numbers. No two of them have the same key. Calls of `flush` do not overlap,
    /// and a call that fails or panics is repeated. Write the type in the closure: `|users: Vec<User>| …`.
    ///
    /// Every process may have a flusher: one leads, and the others stand by.
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
            batch_fn::erase(self.coding.decode, self.queue.policy.encoding, flush),
        )
    }
}

impl<T> Clone for WriteBehind<T> {
    fn clone(&self) -> Self {
        WriteBehind { queue: self.queue.clone(), coding: self.coding, same: self.same }
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
