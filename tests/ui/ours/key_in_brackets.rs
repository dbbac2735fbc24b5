// Misuse: a list of keys.
// Why: an entry has one key.
// Instead: one template.

use cache_runtime::cached;

#[cached(key = ["user:<id>"], ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
