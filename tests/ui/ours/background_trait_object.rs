// Misuse: a load in the background with a trait object.
// Why: nobody knows whether it can be cloned.
// Instead: an `Arc` of it.

use cache_runtime::cached;

pub trait Names: Send + Sync {
    fn name(&self, id: u64) -> String;
}

#[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 30, skip(names))]
pub async fn name(names: &dyn Names, id: u64) -> String {
    names.name(id)
}

fn main() {}
