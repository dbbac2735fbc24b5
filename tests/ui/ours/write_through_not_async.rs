// Misuse: a function that is not async.
// Why: it has to wait for the cache.
// Instead: an `async fn`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60)]
fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
