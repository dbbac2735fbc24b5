// Misuse: a wait of zero.
// Why: nobody would wait, so everybody would load.
// Instead: no `lock`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, lock(wait = 0))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
