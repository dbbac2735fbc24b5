// Misuse: parameters of types that say nothing of keys.
// Why: a key has one text for each value, and the type does not say which.
// Instead: a method of it, or a newtype.

use cache_runtime::cached;

#[cached(key = "slow:<than>", ttl = 60)]
pub async fn slow(than: std::time::Duration) -> u64 {
    than.as_secs()
}

#[cached(key = "file:<path>", ttl = 60)]
pub async fn file(path: &std::path::Path) -> String {
    path.display().to_string()
}

fn main() {}
