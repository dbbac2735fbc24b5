// Misuse: a load in the background with `&mut self`.
// Why: it would have the caller's `self` when the caller is gone.
// Instead: `&self`, which is cloned.

use cache_runtime::cached;

#[derive(Clone)]
struct Repo;

impl Repo {
    #[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 30)]
    async fn name(&mut self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {}
