// Misuse: a wait that is no length of time.
// Why: words are not numbers.
// Instead: `wait = "10s"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, lock(wait = "a while"))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
