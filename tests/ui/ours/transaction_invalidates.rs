// Misuse: a transaction as the parameter of an invalidating function.
// Why: it is committed after the keys were dropped.
// Instead: `transaction`, and a call within `cache_runtime::transaction(..)`.

use cache_runtime::invalidates;

pub struct Transaction<'c>(&'c ());

#[invalidates("user:<id>")]
async fn rename(tx: &mut Transaction<'_>, id: u64) {
    let _ = (tx, id);
}

fn main() {}
