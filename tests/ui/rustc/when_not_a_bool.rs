// Misuse: a `when` that is no condition.
// Why: it says neither yes nor no.
// Instead: a `bool`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, when = id)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
