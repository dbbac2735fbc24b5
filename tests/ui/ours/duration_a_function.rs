// Misuse: a function in the place of a duration.
// Why: nobody says what it is called with.
// Instead: a call of it.

use cache_runtime::cached;

fn for_nobody() -> u64 {
    5
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = for_nobody)]
async fn name(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
