// Misuse: an argument of another library.
// Why: it would have no effect.
// Instead: one of the arguments that the message lists.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, shards = 16)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
