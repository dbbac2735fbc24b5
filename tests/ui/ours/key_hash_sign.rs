// Misuse: a key like one of the cache's own.
// Why: `user:42#refresh` is where the cache elects who renews `user:42`.
// Instead: `user:<id>:refresh`.

use cache_runtime::cached;

#[cached(key = "user:<id>#refresh", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
