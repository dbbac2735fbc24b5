// Misuse: a slice of transactions as a parameter.
// Why: rows that they read may never commit.
// Instead: `transaction`, and a call within `cache_runtime::transaction(..)`.

use cache_runtime::cached;

pub struct Transaction<'c>(pub &'c u64);

#[cached(key = "user:<id>", ttl = 60)]
async fn name(shards: &mut [Transaction<'_>], id: u64) -> String {
    format!("{id} {}", shards.len())
}

fn main() {}
