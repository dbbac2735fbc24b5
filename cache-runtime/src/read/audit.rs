//! Audits: a hit that is loaded all the same, to see whether the cache holds what the source does.

use std::{collections::BTreeMap, future::Future, time::Instant};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tracing::Instrument;

use super::{
    lookup::Lookup,
    reentry::{self, Keys},
};
use crate::{entry::Entry, return_shape::Shape, telemetry::tell};

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
    let key = Keys::One(lookup.request.key.as_str().into());
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

/// So often what differs in order alone is read again: a set of two has the same order twice in half of all cases.
const AGAIN: usize = 16;

/// Whether two values differ, the order of maps and sets apart. Values that JSON cannot hold are taken for equal.
pub(super) fn differ<T: Serialize + DeserializeOwned>(cached: &T, loaded: &T) -> bool {
    match (serde_json::to_value(cached), serde_json::to_value(loaded)) {
        (Ok(cached), Ok(loaded)) if cached != loaded => {
            let ordered = (0..AGAIN).all(|_| keeps_its_order::<T>(&loaded));
            ordered || sorted(cached) != sorted(loaded)
        }
        _ => false,
    }
}

/// Whether a value comes back as it was written: a set looks like a list, and has another order each time.
fn keeps_its_order<T: Serialize + DeserializeOwned>(written: &Value) -> bool {
    let read = T::deserialize(written).and_then(serde_json::to_value);
    read.is_ok_and(|read| read == *written)
}

/// The value with its lists in an order that nothing but their elements decides.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.into_iter().map(sorted).collect();
            elements.sort_by_cached_key(Value::to_string);
            Value::Array(elements)
        }
        // Sorted as well, for a program may have asked for maps that keep the order of their insertion.
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> =
                fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(fields.into_iter().collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use serde::{Serialize, de::DeserializeOwned};

    use crate::{Cache, policy::Policy};

    const AUDITED: Policy = Policy::ttl(60).audit(1.0).name("audited");

    /// How many differences an audit of a cached `first` finds with a source that has `second`.
    async fn differences<T>(first: T, second: T) -> u64
    where
        T: Serialize + DeserializeOwned,
    {
        let cache = Cache::in_memory();
        for value in [first, second] {
            _ = cache.get_or_load("row:1", &AUDITED, || async { Some(value) }).await;
        }
        let audited = cache.stats().function("audited").cloned().unwrap_or_default();
        assert_eq!(audited.audits, 1);
        audited.stale_detected
    }

    #[tokio::test]
    async fn to_an_audit_the_order_of_a_set_is_none() {
        type Ids = HashSet<u64>;
        for most in 4..30 {
            let ids = |from: u64| (from..from + most).collect::<Ids>();
            assert_eq!(differences(ids(0), ids(0)).await, 0);
            assert_eq!(differences(ids(0), ids(1)).await, 1);
        }
        let nested = |name: &str| HashMap::from([(name.to_owned(), (0..20).collect::<Ids>())]);
        assert_eq!(differences(nested("a"), nested("a")).await, 0);
        assert_eq!(differences(nested("a"), nested("b")).await, 1);
    }

    #[tokio::test]
    async fn to_an_audit_the_order_of_a_list_is_a_part_of_it() {
        assert_eq!(differences(vec![1, 2, 3], vec![1, 2, 3]).await, 0);
        assert_eq!(differences(vec![1, 2, 3], vec![3, 2, 1]).await, 1);
        assert_eq!(differences((1, 2), (2, 1)).await, 1);
    }
}
