// Misuse: a key that is added up.
// Why: numbers cannot be added to strings.
// Instead: a template.

use cache_runtime::cached;

#[cached(key = "user:" + id, ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
