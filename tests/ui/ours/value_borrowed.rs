// Misuse: a value that borrows.
// Why: it is decoded from bytes that are gone afterwards.
// Instead: an owned type, such as `String`.

use cache_runtime::cached;

#[cached(key = "name:<name>", ttl = 60)]
async fn trimmed(name: &str) -> Option<&str> {
    Some(name.trim())
}

fn main() {}
