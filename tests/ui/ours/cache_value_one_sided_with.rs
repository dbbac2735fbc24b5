// Misuse: a cached type with a field that is written by a function and read without one.
// Why: it may come back from the cache as another value.
// Instead: `with`, or the other one of the two; or `#[cache_value(may_change)]`.

use cache_runtime::CacheValue;
use serde::Serializer;

#[derive(serde::Serialize, serde::Deserialize, CacheValue)]
struct Price {
    #[serde(serialize_with = "whole")]
    cents: u64,
}

fn whole<S: Serializer>(cents: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(cents / 100)
}

fn main() {}
