// Misuse: a name that is no literal.
// Why: it has to be known before the function runs.
// Instead: a string in quotes.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, name = NAME)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
