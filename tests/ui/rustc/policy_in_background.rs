// Misuse: a policy that loads in the background, without `background`.
// Why: the parameters would have to be cloned, of which nothing is said.
// Instead: `background` beside it.

use cache_runtime::{Policy, cached};

const USERS: Policy = Policy::ttl(60).stale_while_revalidate(30);

#[cached(key = "user:<id>", policy = USERS)]
pub async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
