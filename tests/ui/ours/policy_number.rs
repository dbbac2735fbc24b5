// Misuse: a number for a policy.
// Why: a policy is all that functions share: a ttl, a lock, and what else there is.
// Instead: a constant of type `Policy`, or `ttl = 60`.

use cache_runtime::cached;

#[cached(key = "user:<id>", policy = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
