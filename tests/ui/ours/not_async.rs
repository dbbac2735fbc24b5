// Misuse: `#[cached]` on a function that is not async.
// Why: the cache is asked over the network, and only an async function can wait for it.
// Instead: `async fn`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60)]
fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
