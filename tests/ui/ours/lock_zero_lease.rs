// Misuse: a lease of zero.
// Why: the lock would be free before the load begins.
// Instead: a lease that outlives a hiccup: `"5s"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, lock(lease = "0s"))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
