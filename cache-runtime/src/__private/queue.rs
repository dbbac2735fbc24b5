//! The two halves of a function that is written behind.

use std::{fmt, future::Future};

use serde::{Serialize, de::DeserializeOwned};

use super::Site;
use crate::{
    cache::Cache,
    codec::Same,
    error::Error,
    key::{KeyOf, KeyWriter},
    shared::Tag,
    time::IntoTtl,
    write_behind::{BatchItem, Flusher, WriteBehind},
};

/// The queue of a function that is written behind.
pub fn queue<T: Serialize + DeserializeOwned>(
    site: &'static Site,
    cache: Option<&Cache>,
    queue: &str,
) -> WriteBehind<T> {
    let cache = cache.cloned().unwrap_or_else(Cache::current);
    // The site is in the function that gives the queue; `save_queue` counts as `save`.
    let label = site.label();
    let label = label.strip_suffix("_queue").unwrap_or(label);
    WriteBehind::new(&cache.inner, queue, site.policy, label)
}

/// The queue, with a ttl that is known when it is used.
pub fn queue_ttl<T>(queue: WriteBehind<T>, ttl: impl IntoTtl) -> WriteBehind<T> {
    queue.ttl(ttl.into_ttl())
}

/// The queue, of values of this fingerprint; of a type that has none, it is left to the policy.
pub fn queue_fingerprint<T>(queue: WriteBehind<T>, fingerprint: u64) -> WriteBehind<T> {
    if fingerprint == 0 { queue } else { queue.fingerprint(fingerprint) }
}

/// The queue, of values that this compares.
pub fn queue_same<T>(queue: WriteBehind<T>, same: Same<T>) -> WriteBehind<T> {
    queue.same_if(same)
}

/// Writes a key of the queue's values. Only compiles for one that may have them under it.
pub fn queue_key<T, K>(_: &WriteBehind<T>, out: &mut KeyWriter<'_>, key: &K)
where
    K: KeyOf<T> + ?Sized,
{
    out.key(key);
}

/// Accepts a value to be written behind.
pub async fn enqueue<T>(
    queue: &WriteBehind<T>,
    key: impl FnOnce(&mut KeyWriter<'_>),
    value: &T,
) -> Result<(), Error> {
    queue.write_as(key, Vec::new(), value).await
}

/// As [`enqueue`], for a value that carries tags.
pub async fn enqueue_tagged<T>(
    queue: &WriteBehind<T>,
    key: impl FnOnce(&mut KeyWriter<'_>),
    tags: impl Into<Vec<QueueTag>>,
    value: &T,
) -> Result<(), Error> {
    queue.write_as(key, tags.into().into_iter().map(|tag| tag.0).collect(), value).await
}

/// A tag that a value of a queue carries.
#[derive(Debug)]
pub struct QueueTag(Tag);

/// A tag that a value of the queue carries.
pub fn queue_tag<T>(queue: &WriteBehind<T>, tag: impl FnOnce(&mut KeyWriter<'_>)) -> QueueTag {
    QueueTag(queue.tag(tag))
}

/// Starts to flush by a batch function, in which the same cache is in force as here.
pub fn flusher<T, B, F, Fut, O, E>(queue: &WriteBehind<T>, flush: F) -> Flusher
where
    T: 'static,
    B: BatchItem<T> + Send + 'static,
    F: Fn(Vec<B>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
    E: fmt::Display,
{
    let scoped = Cache::scoped();
    queue.flusher(move |batch| {
        let (scoped, written) = (scoped.clone(), flush(batch));
        async move {
            match scoped {
                Some(cache) => cache.scope(written).await,
                None => written.await,
            }
        }
    })
}
