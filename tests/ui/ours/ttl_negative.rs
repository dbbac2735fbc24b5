// Misuse: a negative ttl.
// Why: the entry would be gone before it is there.
// Instead: `ttl = 60`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = -60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
