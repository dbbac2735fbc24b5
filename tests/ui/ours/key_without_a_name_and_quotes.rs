// Misuse: a template without a name and quotes.
// Why: arguments have names.
// Instead: `key = "user:<id>"`.

use cache_runtime::cached;

#[cached(user:<id>, ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
