// Misuse: a key of a writer that names an element and the result.
// Why: it would be fenced before the body for each element, and the result comes after it.
// Instead: a key for each of the two.

use cache_runtime::invalidates;

#[invalidates("user:<ids>:<return>", each = ids)]
async fn move_all(ids: &[u64]) -> u64 {
    ids.len() as u64
}

fn main() {}
