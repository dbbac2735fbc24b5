// Misuse: a batch over a type that has no `KeyPart`.
// Why: how it is written in a key is not known.
// Instead: `#[derive(KeyPart)]`, or `<ids.0>`.

use std::collections::HashMap;

use cache_runtime::cached;

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserId(pub u64);

#[cached(key = "user:<ids>", each = ids, ttl = 60)]
pub async fn names(ids: &[UserId]) -> HashMap<UserId, String> {
    ids.iter().map(|id| (id.clone(), id.0.to_string())).collect()
}

fn main() {}
