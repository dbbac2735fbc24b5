// Misuse: an argument as another library calls it.
// Why: it would have no effect.
// Instead: `ttl = 60`.

use cache_runtime::cached;

#[cached(key = "user:<id>", expire = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
