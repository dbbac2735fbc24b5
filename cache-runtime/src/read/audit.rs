//! Audits: a hit that is loaded all the same, to see whether the cache holds what the source does.

use std::{future::Future, time::Instant};

use serde::{Serialize, de::DeserializeOwned};
use tracing::Instrument;

use super::{
    lookup::Lookup,
    reentry::{self, Keys},
};
use crate::{entry::Entry, shape::Shape, telemetry::tell};

/// Answers a call whose hit is audited with what the source says; with the hit where the source fails.
pub(super) async fn audit<S, F>(
    lookup: &mut Lookup<'_>,
    entry: &Entry,
    cached: S::Stored,
    body: F,
) -> S::Output
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    F: Future<Output = S::Output>,
{
    let counters = &lookup.request.counters;
    counters.audits.add_one();
    counters.loads.add_one();
    let key = Keys::One(lookup.shared_key());
    let (began, body) = (Instant::now(), body.instrument(lookup.about().load()));
    let loaded = S::split(reentry::loading(lookup.guard, key, body).await);
    lookup.request.counters.loaded(began.elapsed(), loaded.is_ok());
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(_) => {
            lookup.request.counters.load_failures.add_one();
            return S::join(cached);
        }
    };
    // A write between the hit and the load makes them differ, and takes the entry away.
    if differ(&cached, &loaded) && lookup.stands(entry.stamp()).await {
        lookup.request.counters.stale_detected.add_one();
        tell!(error, lookup.about(), "an audited entry differs from its source");
    }
    S::join(loaded)
}

/// Whether two values differ, the order of maps apart. Values that JSON cannot hold are taken for equal.
fn differ<T: Serialize>(cached: &T, loaded: &T) -> bool {
    match (serde_json::to_value(cached), serde_json::to_value(loaded)) {
        (Ok(cached), Ok(loaded)) => cached != loaded,
        _ => false,
    }
}
