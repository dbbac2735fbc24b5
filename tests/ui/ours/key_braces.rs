// Misuse: braces for angle brackets.
// Why: braces are text, so every call would have the same key.
// Instead: `<id>`.

use cache_runtime::cached;

#[cached(key = "user:{id}", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
