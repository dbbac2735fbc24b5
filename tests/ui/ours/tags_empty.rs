// Misuse: a list of no tags.
// Why: it would mark nothing.
// Instead: no `tags`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, tags = [])]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
