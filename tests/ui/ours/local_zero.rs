// Misuse: copies that are kept for no time.
// Why: no hit would find one.
// Instead: `local`, or a time such as `local = "30s"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, local = 0)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
