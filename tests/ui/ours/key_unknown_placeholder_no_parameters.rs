// Misuse: a placeholder in the key of a function without parameters.
// Why: there is nothing to fill it.
// Instead: a key without placeholders.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60)]
async fn name() -> String {
    String::new()
}

fn main() {}
