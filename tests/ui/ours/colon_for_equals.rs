// Misuse: a colon between an argument and its value.
// Why: arguments are written as in other attributes.
// Instead: `ttl = 60`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl: 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
