// Misuse: a ttl that is no number.
// Why: a length of time is needed.
// Instead: `ttl = 60`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = true)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
