// Misuse: no ttl.
// Why: an entry that is never loaded anew would outlive every mistake.
// Instead: `ttl = 60`.

use cache_runtime::cached;

#[cached(key = "user:<id>")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
