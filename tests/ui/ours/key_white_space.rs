// Misuse: a space in a key.
// Why: such a key cannot be typed into `redis-cli` without quotes.
// Instead: `user:<id>`.

use cache_runtime::cached;

#[cached(key = "user <id>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
