// Misuse: a ttl closure without a parameter.
// Why: it is given the loaded value.
// Instead: `ttl = |name: &String| ...`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = || 60_u64)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
