// Misuse: `#[cached]` on an `impl`.
// Why: it is about one function.
// Instead: the attribute on the methods inside.

use cache_runtime::cached;

pub struct Repo;

#[cached(key = "user:<id>", ttl = 60)]
impl Repo {
    pub async fn name(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {}
