// Misuse: a misspelt argument.
// Why: it would have no effect.
// Instead: the name that the message suggests.

use cache_runtime::cached;

#[cached(key = "user:<id>", tll = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
