// Misuse: a parameter that its bound makes a transaction.
// Why: rows that it reads may never commit.
// Instead: `transaction`, and a call within `cache_runtime::transaction(..)`.

use cache_runtime::cached;

pub struct Transaction<'c>(pub &'c u64);

#[cached(key = "user:<id>", ttl = 60)]
async fn name<'a, T: AsMut<Transaction<'a>>>(mut tx: T, id: u64) -> String {
    format!("{id} {}", tx.as_mut().0)
}

fn main() {}
