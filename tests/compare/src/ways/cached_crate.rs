//! The crate `cached`.

use std::sync::{Arc, OnceLock};

use cached::{
    AsyncRedisCache, ConcurrentCached, ConcurrentCachedAsync,
    macros::{cached, concurrent_cached},
};

use crate::{
    source::{Failure, Source},
    value::User,
};

static URL: OnceLock<String> = OnceLock::new();

/// Its caches are statics: this is where they find the server. (By default it is an environment variable.)
pub(super) fn use_server(url: &str) {
    URL.set(url.to_owned()).expect("one server in a process");
}

#[concurrent_cached(
    name = "OVER_REDIS",
    key = "u64",
    convert = { id },
    map_error = |e| Failure(format!("{e}")),
    ty = "AsyncRedisCache<u64, User>",
    create = {
        AsyncRedisCache::builder("cached")
            .ttl_secs(3600)
            .connection_string(URL.get().expect("it was said"))
            .build()
            .await
            .expect("the server is up")
    }
)]
pub(super) async fn find(id: u64, source: Source) -> Result<User, Failure> {
    source.load(id).await
}

#[concurrent_cached(name = "IN_MEMORY", ttl_secs = 3600, key = "u64", convert = { id })]
pub(super) async fn find_in_memory(id: u64, source: Source) -> Result<Arc<User>, Failure> {
    source.load(id).await.map(Arc::new)
}

#[cached(ttl_secs = 3600, key = "u64", convert = { id }, sync_writes = "by_key")]
pub(super) async fn find_by_key(id: u64, source: Source) -> Result<Arc<User>, Failure> {
    source.load(id).await.map(Arc::new)
}

pub(super) async fn remove(id: u64) {
    let cache = OVER_REDIS.get().expect("it was used");
    cache.async_cache_remove(&id).await.expect("the server is up");
}

pub(super) async fn remove_in_memory(id: u64) {
    _ = IN_MEMORY.get().expect("it was used").cache_remove(&id);
}
