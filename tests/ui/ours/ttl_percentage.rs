// Misuse: a percentage where there is nothing to take it of.
// Why: a ttl is a duration.
// Instead: `ttl = 3600`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 80%)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
