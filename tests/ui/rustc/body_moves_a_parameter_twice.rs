// Misuse: a body that uses a parameter after it has moved it.
// Why: the parameter is gone.
// Instead: a clone.

use cache_runtime::cached;

#[cached(key = "user:<name>", ttl = 60)]
async fn name(name: String) -> String {
    let first = name;
    let second = name;
    first + &second
}

fn main() {}
