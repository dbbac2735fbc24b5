// Misuse: no key.
// Why: two calls with different arguments would share an entry.
// Instead: `key = "user:<id>"`.

use cache_runtime::cached;

#[cached(ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
