// Misuse: a soft timeout of zero.
// Why: every caller would be served what is stale.
// Instead: `stale_while_revalidate`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, stale_if_error = 60, soft_timeout = 0)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
