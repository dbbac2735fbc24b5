//! `#[write_through]`: what a writer returns is what the next reader gets, without a load.

mod cost;
mod keys;
mod options;
mod outage;
mod programmatic;
mod shapes;
mod tags;
mod values;

use cache_runtime::{Cache, cached};
use cache_tests::herd::counters;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

fn user(id: u64, name: &str) -> User {
    User { id, name: name.to_owned() }
}

/// What the reader returns where it has to load: no writer writes that.
fn loaded() -> Option<User> {
    Some(user(0, "loaded"))
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 60, cache = cache, name = "find")]
async fn find(cache: &Cache, id: u64) -> Option<User> {
    assert_ne!(id, 0);
    loaded()
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 60, cache = cache, name = "find_none")]
async fn find_none(cache: &Cache, id: u64) -> Option<User> {
    assert_ne!(id, 0);
    None
}

/// What is under `user:<id>`, as a reader sees it: `None` where it has to load.
async fn held(cache: &Cache, id: u64) -> Option<User> {
    cache.get(format!("user:{id}")).await.expect("the store answers")
}

fn invalidations(cache: &Cache, name: &str) -> u64 {
    counters(cache, name).invalidations
}
