// Misuse: a ttl with a unit and without quotes.
// Why: Rust has no suffix `m`, and without it five minutes would be five seconds.
// Instead: `ttl = "5m"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 5m)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
