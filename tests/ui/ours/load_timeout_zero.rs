// Misuse: a load timeout of zero.
// Why: every load would end before it begins.
// Instead: a time that a load may take, such as `"30s"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, load_timeout = "0s")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
