// Misuse: a limit of zero.
// Why: nothing would be stored.
// Instead: no `max_bytes`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, max_bytes = 0)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
