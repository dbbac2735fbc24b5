// Misuse: a template without quotes.
// Why: it is text.
// Instead: `key = "user:<id>"`.

use cache_runtime::cached;

#[cached(key = user:<id>, ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
