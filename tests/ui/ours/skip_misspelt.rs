// Misuse: a misspelt name in `skip`.
// Why: the parameter that was meant would not be skipped.
// Instead: the name that the message suggests.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, skip(conm))]
async fn name(id: u64, conn: &str) -> String {
    format!("{id}{conn}")
}

fn main() {}
