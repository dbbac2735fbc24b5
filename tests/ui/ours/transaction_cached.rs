// Misuse: a transaction as the parameter of a cached function.
// Why: what is read through it may never be committed.
// Instead: `transaction`, and a call within `cache_runtime::transaction(..)`.

use cache_runtime::cached;

pub struct Transaction<'c>(&'c ());

#[cached(key = "user:<id>", ttl = 60)]
async fn name(tx: &mut Transaction<'_>, id: u64) -> String {
    let _ = tx;
    id.to_string()
}

fn main() {}
