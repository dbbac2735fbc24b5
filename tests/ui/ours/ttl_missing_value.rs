// Misuse: `ttl` without a value.
// Why: there is no default.
// Instead: `ttl = 60`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
