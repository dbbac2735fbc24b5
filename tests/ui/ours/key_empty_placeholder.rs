// Misuse: an empty placeholder.
// Why: it names nothing.
// Instead: `<id>`.

use cache_runtime::cached;

#[cached(key = "user:<>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
