// Misuse: a placeholder that is no parameter.
// Why: there is nothing to fill it.
// Instead: one of the parameters.

use cache_runtime::cached;

#[cached(key = "user:<customer>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
