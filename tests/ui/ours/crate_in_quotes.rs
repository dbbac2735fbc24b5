// Misuse: the path of the runtime in quotes.
// Why: it is a path.
// Instead: `crate = my_cache`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, crate = "my_cache")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
