// Misuse: spaces in a placeholder.
// Why: they are no part of a name.
// Instead: `<id>`.

use cache_runtime::cached;

#[cached(key = "user:< id >", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
