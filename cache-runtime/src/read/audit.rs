//! Audits: hits that are loaded all the same, to see whether the cache holds what the source does.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{engine::Engine, function::Function, key_state::KeyState};
use crate::{protocol::Nonce, telemetry::tell};

impl Engine {
    /// Counts the keys that differ from their source although nothing was written to them since: their values, by their
    /// stamps, still stand. One round trip.
    pub(super) async fn count_stale(&self, differing: Vec<(usize, Nonce)>) {
        let keys: Vec<KeyState> = differing.iter().map(|&(at, _)| self.keys[at].again()).collect();
        let mut now = self.handed_on(keys);
        now.fetch(|_| true).await;
        for (at, (key, stamp)) in differing.into_iter().enumerate() {
            if now.keys[at].holds(stamp) {
                self.request.counters.stale_detected.add_one();
                tell!(error, self.about(key), "an audited entry differs from its source");
            }
        }
    }
}

/// So often what differs in order alone is read again: a set of two has the same order twice in half of all cases.
const AGAIN: usize = 16;

/// Whether what is cached of a key and what was loaded differ. Of a type that cannot be compared, their encodings are, the
/// order of maps and sets apart; values that JSON cannot hold are then taken for equal.
pub(super) fn differs(function: &dyn Function, at: usize) -> bool {
    if let Some(same) = function.same(at) {
        return !same;
    }
    let Some((cached, loaded)) = function.compared(at) else { return false };
    let (Some(cached), Some(expected)) = (parsed(&cached), parsed(&loaded)) else { return false };
    if cached == expected {
        return false;
    }
    let again = || function.rewritten(&loaded).and_then(|json| parsed(&json));
    let is_ordered = (0..AGAIN).all(|_| again().is_some_and(|again| again == expected));
    is_ordered || sorted(cached) != sorted(expected)
}

fn parsed(json: &[u8]) -> Option<Value> {
    serde_json::from_slice(json).ok()
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
