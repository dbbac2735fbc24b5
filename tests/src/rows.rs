//! A row, read and written in the ways that most tests need. What it is worth comes from a [`Source`], or is given.

use std::convert::Infallible;

use cache_runtime::{Cache, Policy, cached, invalidates};
use cache_test_support::source::Source;
use serde::{Serialize, de::DeserializeOwned};

/// A row, or what the source has.
#[cached(key = "row:<id>", ttl = 3600, cache = cache, skip(cache, source), name = "row")]
pub async fn row(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

/// As [`row`], with one loader in all processes.
#[cached(key = "row:<id>", ttl = 3600, lock, cache = cache, skip(cache, source), name = "locked")]
pub async fn locked(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

/// A write: what is loaded from then on is another value.
#[invalidates("row:<id>", cache = cache, name = "write")]
pub async fn write(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

/// What is stored under `key` with these tags; on a miss it is `value`, which is stored then.
pub async fn get_or<T: Serialize + DeserializeOwned>(
    cache: &Cache,
    tags: &[&str],
    key: &str,
    policy: &Policy,
    value: T,
) -> T {
    let load = || async { Ok::<_, Infallible>(value) };
    let Ok(found) = cache.tagged(tags).get_or_load(key, policy, load).await;
    found
}
