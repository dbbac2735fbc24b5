// Misuse: a batch that returns one value.
// Why: nobody knows which part of it is whose.
// Instead: a `HashMap`, or a `Vec` in the order of the ids.

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids, ttl = 60)]
pub async fn names(ids: &[u64]) -> String {
    format!("{ids:?}")
}

fn main() {}
