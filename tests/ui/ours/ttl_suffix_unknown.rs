// Misuse: a number with a suffix that is no unit.
// Why: Rust has no such suffix.
// Instead: a number, or a duration in quotes.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 10x)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
