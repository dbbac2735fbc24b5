// Misuse: an empty key.
// Why: every function with one would share an entry.
// Instead: a key that begins with what is cached.

use cache_runtime::cached;

#[cached(key = "", ttl = 60)]
async fn name() -> String {
    String::new()
}

fn main() {}
