// Misuse: a ttl expression that is no length of time.
// Why: it cannot be counted.
// Instead: a `Duration` or a number of seconds.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = id.to_string())]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
