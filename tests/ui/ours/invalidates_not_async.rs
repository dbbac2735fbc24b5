// Misuse: `#[invalidates]` on a function that is not async.
// Why: the cache is told over the network, and only an async function can wait for it.
// Instead: `async fn`.

use cache_runtime::invalidates;

#[invalidates("user:<id>")]
fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
