// Misuse: arguments of writers, and of a lock.
// Why: a reader writes nothing.
// Instead: on the function that writes, and in `lock(...)`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, invalidates("users"), lease = "5s")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
