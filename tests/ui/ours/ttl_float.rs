// Misuse: a ttl with a fraction.
// Why: a number is of whole seconds.
// Instead: `ttl = "1s 500ms"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 1.5)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
