// Misuse: `background` without a policy.
// Why: the arguments themselves say whether loads go on in the background.
// Instead: no `background`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, background)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
