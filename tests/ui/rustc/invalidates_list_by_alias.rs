// Misuse: a list in a key, under an alias.
// Why: it would be one key for all of its elements, which no reader has.
// Instead: `each = ids`.

use cache_runtime::invalidates;

type Ids = Vec<u64>;

#[invalidates("user:<ids>")]
async fn delete(ids: &Ids) {
    println!("{ids:?}");
}

fn main() {}
