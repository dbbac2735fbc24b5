// Misuse: two placeholders with nothing between them.
// Why: the pairs (1, 23) and (12, 3) would share a key.
// Instead: `<user>:<item>`.

use cache_runtime::cached;

#[cached(key = "order:<user><item>", ttl = 60)]
async fn name(user: u64, item: u64) -> String {
    format!("{user}{item}")
}

fn main() {}
