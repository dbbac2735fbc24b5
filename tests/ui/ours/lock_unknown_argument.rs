// Misuse: a misspelt argument of `lock`.
// Why: it would have no effect.
// Instead: `lease`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, lock(laese = "5s"))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
