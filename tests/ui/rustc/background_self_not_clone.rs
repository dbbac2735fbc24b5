// Misuse: a load in the background of a type that cannot be cloned.
// Why: the load outlives its caller, so it needs a `self` of its own.
// Instead: `#[derive(Clone)]`, or `self: Arc<Self>`.

use std::sync::Mutex;

use cache_runtime::cached;

pub struct Repo {
    names: Mutex<Vec<String>>,
}

impl Repo {
    #[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 30)]
    pub async fn name(&self, id: usize) -> String {
        self.names.lock().unwrap()[id].clone()
    }
}

fn main() {}
