// Misuse: a codec that there is not.
// Why: the name is like no other.
// Instead: one that there is.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, codec = xml)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
