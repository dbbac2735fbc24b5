// Misuse: a comparison of what the function returns, and not of the value in it.
// Why: it sees the value, as all closures do, without `Option` and `Result`.
// Instead: `same = |a: &u64, b: &u64| ...`.

use cache_runtime::cached;

#[cached(key = "user:<id>", same = |a: &Option<u64>, b| a == b, ttl = 60)]
pub async fn find(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
