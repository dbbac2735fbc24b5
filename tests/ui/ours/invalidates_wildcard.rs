// Misuse: a wildcard in a key of a writer.
// Why: it would be the one entry with `*` in its key, which no reader has.
// Instead: a tag of the readers.

use cache_runtime::invalidates;

#[invalidates("user:*")]
async fn forget_all() {
    println!();
}

fn main() {}
