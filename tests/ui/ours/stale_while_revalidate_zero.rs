// Misuse: a grace of zero.
// Why: nothing would be served in it.
// Instead: no `stale_while_revalidate`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 0)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
