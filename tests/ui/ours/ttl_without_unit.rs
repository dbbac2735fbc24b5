// Misuse: a ttl in a string, without a unit.
// Why: a bare number could be seconds or milliseconds.
// Instead: `ttl = 60` or `ttl = "60s"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = "60")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
