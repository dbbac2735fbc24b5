// Misuse: a placeholder that is no parameter, of a function with several.
// Why: nothing can fill it.
// Instead: one of the parameters.

use cache_runtime::cached;

#[cached(key = "user:<customer>:<id>:<name>", ttl = 60)]
async fn name(id: u64, name: &str) -> String {
    format!("{id} {name}")
}

fn main() {}
