// Misuse: the list of `each` in the key of the stored value.
// Why: one value is stored, under one key.
// Instead: what identifies the value, and the list in `invalidates(...)`.

use cache_runtime::write_through;

#[write_through(key = "user:<ids>", ttl = 60, invalidates("name:<ids>"), each = ids)]
async fn join(ids: &[u64]) -> u64 {
    ids.len() as u64
}

fn main() {}
