// Misuse: a shared transaction as a parameter.
// Why: it commits after the keys are invalidated.
// Instead: `transaction`, and a call within `cache_runtime::transaction(..)`.

use cache_runtime::invalidates;

pub struct Transaction<'c>(pub &'c u64);

#[invalidates("user:<id>")]
async fn rename(tx: std::sync::Arc<tokio::sync::Mutex<Transaction<'_>>>, id: u64) {
    println!("{id} {}", tx.lock().await.0);
}

fn main() {}
