// Misuse: a condition in quotes.
// Why: it is an expression.
// Instead: `when = id > 0`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, when = "id > 0")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
