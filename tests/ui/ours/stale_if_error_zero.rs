// Misuse: a grace of zero.
// Why: nothing would be served in it.
// Instead: no `stale_if_error`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, stale_if_error = "0s")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
