// Misuse: a size in quotes.
// Why: it is a number.
// Instead: `64 * 1024`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, max_bytes = "64 KiB")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
