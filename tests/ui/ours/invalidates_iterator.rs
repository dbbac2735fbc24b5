// Misuse: an iterator in the key of a writer, without `each` and with it.
// Why: it can be read once, and the function reads it too.
// Instead: `&[u64]` and `each`.

use cache_runtime::invalidates;

#[invalidates("user:<ids>")]
async fn forget(ids: impl IntoIterator<Item = u64>) {
    println!("{}", ids.into_iter().count());
}

#[invalidates("user:<ids>", each = ids)]
async fn forget_each(ids: impl IntoIterator<Item = u64>) {
    println!("{}", ids.into_iter().count());
}

fn main() {}
