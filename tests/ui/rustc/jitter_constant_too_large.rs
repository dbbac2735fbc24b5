// Misuse: a constant that is no part.
// Why: more than all of the ttl would be taken away.
// Instead: a part between 0 and 1.

use cache_runtime::cached;

const JITTER: f64 = 1.5;

#[cached(key = "user:<id>", ttl = 60, jitter = JITTER)]
pub async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
