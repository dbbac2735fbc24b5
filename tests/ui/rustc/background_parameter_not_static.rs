// Misuse: a load in the background with a type parameter that may borrow.
// Why: the load outlives its caller.
// Instead: `T: 'static`.

use cache_runtime::{KeyPart, cached};

#[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 30)]
pub async fn name<T: KeyPart + ToString + Clone + Send + Sync>(id: T) -> String {
    id.to_string()
}

fn main() {}
