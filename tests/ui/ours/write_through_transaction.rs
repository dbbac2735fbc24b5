// Misuse: a transaction as the parameter of a function that writes through.
// Why: it is committed after the value has been left in the cache, or never.
// Instead: `transaction`, and a call within `cache_runtime::transaction(..)`.

use cache_runtime::write_through;

pub struct Transaction<'c>(&'c ());

#[write_through(key = "user:<id>", ttl = 60)]
async fn rename(tx: &mut Transaction<'_>, id: u64) -> String {
    let _ = tx;
    id.to_string()
}

fn main() {}
