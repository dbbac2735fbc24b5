// Misuse: an optional transaction as a parameter.
// Why: rows that it reads may never commit.
// Instead: `transaction`, and a call within `cache_runtime::transaction(..)`.

use cache_runtime::cached;

pub struct Transaction<'c>(pub &'c u64);

#[cached(key = "user:<id>", ttl = 60)]
async fn name(tx: Option<&mut Transaction<'_>>, id: u64) -> String {
    format!("{id} {}", tx.is_some())
}

fn main() {}
