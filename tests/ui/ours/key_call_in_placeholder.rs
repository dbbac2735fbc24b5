// Misuse: a call in a placeholder.
// Why: a placeholder is a parameter or a field of one.
// Instead: an expression: `key = UserKey { ... }`.

use cache_runtime::cached;

#[cached(key = "user:<id.to_string()>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
