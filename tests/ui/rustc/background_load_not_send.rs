// Misuse: a load in the background that holds an `Rc` while it waits.
// Why: it may go on on another thread.
// Instead: an `Arc`, or a scope that ends before.

use std::rc::Rc;

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 30)]
pub async fn name(id: u64) -> String {
    let id = Rc::new(id);
    std::future::ready(()).await;
    id.to_string()
}

fn main() {}
