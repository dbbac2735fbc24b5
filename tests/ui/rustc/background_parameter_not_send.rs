// Misuse: a load in the background with an `Rc`.
// Why: it may run on another thread.
// Instead: an `Arc`.

use std::rc::Rc;

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 30, skip(names))]
pub async fn name(names: Rc<Vec<String>>, id: usize) -> String {
    names[id].clone()
}

fn main() {}
