// Misuse: a batch that returns one value.
// Why: nobody knows which part of it is whose.
// Instead: a `HashMap`, or a `Vec` of rows and `id = |row: &Row| row.id`.

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids, ttl = 60)]
pub async fn names(ids: &[u64]) -> String {
    format!("{ids:?}")
}

fn main() {}
