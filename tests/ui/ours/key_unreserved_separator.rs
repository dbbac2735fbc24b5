// Misuse: two placeholders with a character between them that a value may contain.
// Why: the pairs ("a-b", "c") and ("a", "b-c") would share a key.
// Instead: `<user>:<item>`.

use cache_runtime::cached;

#[cached(key = "order:<user>-<item>", ttl = 60)]
async fn name(user: &str, item: &str) -> String {
    format!("{user}{item}")
}

fn main() {}
