// Misuse: the id of a row, of a function that is no batch.
// Why: there are no ids that rows could belong to.
// Instead: `each = ids`, or no `id`.

use cache_runtime::cached;

#[cached(key = "tags", id = |tag: &u64| *tag, ttl = 60)]
async fn tags() -> Vec<u64> {
    vec![1]
}

fn main() {}
