// Misuse: a list in the result, in a key.
// Why: it would be one key for all of its elements, which no reader has.
// Instead: `each = return` where the result is the list; or `cache.invalidate(...)` in the body.

use cache_runtime::invalidates;

struct Inserted {
    ids: Vec<u64>,
}

#[invalidates("user:<return.ids>")]
async fn insert() -> Inserted {
    Inserted { ids: vec![1] }
}

fn main() {}
