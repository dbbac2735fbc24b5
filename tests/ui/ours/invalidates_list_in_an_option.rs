// Misuse: an optional list in a key of a writer.
// Why: `<ids>` would be one key for all of them, which no reader of one has.
// Instead: `each = ids`.

use cache_runtime::invalidates;

#[invalidates("user:<ids>")]
async fn forget(ids: Option<Vec<i64>>) {
    println!("{}", ids.is_some());
}

fn main() {}
