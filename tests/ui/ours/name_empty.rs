// Misuse: an empty name.
// Why: it would label nothing.
// Instead: no `name`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, name = "")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
