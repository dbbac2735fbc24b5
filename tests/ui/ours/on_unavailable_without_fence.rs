// Misuse: `on_unavailable` where nothing is known before the write.
// Why: it is the fence that fails where the cache is unavailable, and there is none.
// Instead: a key or tag that is known from the parameters, or no `on_unavailable`.

use cache_runtime::invalidates;

#[invalidates("user:<return>", on_unavailable = "error")]
async fn insert() -> Result<u64, cache_runtime::Error> {
    Ok(7)
}

fn main() {}
