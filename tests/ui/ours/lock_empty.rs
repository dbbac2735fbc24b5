// Misuse: `lock` with empty brackets.
// Why: nothing is said in them.
// Instead: `lock`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, lock())]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
