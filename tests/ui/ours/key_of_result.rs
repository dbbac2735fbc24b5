// Misuse: a key that names the result.
// Why: the result is what the key is there to find.
// Instead: the parameters.

use cache_runtime::cached;

#[cached(key = "user:<id>:<return>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
