// Misuse: a map in the key of a writer.
// Why: its elements are pairs.
// Instead: its keys as `&[u64]`, and `each`.

use std::collections::HashMap;

use cache_runtime::invalidates;

#[invalidates("user:<users>")]
async fn rename(users: &HashMap<u64, String>) {
    println!("{}", users.len());
}

fn main() {}
