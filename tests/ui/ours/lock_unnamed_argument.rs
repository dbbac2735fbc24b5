// Misuse: a length of time in `lock` without a name.
// Why: it could be the lease or the wait.
// Instead: `lock(lease = "5s")`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, lock("5s"))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
