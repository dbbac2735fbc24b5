// Misuse: a ttl under a millisecond.
// Why: Redis counts milliseconds.
// Instead: `ttl = "1ms"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = "10us")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
