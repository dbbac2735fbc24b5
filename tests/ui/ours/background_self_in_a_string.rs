// Misuse: `self` captured by a format string, in a load in the background.
// Why: the load has a clone of it, which the string does not know.
// Instead: `self` after the string.

use cache_runtime::cached;

#[derive(Clone, Debug)]
struct Repo;

impl Repo {
    #[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 30)]
    async fn name(&self, id: u64) -> String {
        format!("{self:?} {id}")
    }
}

fn main() {}
