// Misuse: `refresh_ahead` without a value.
// Why: there are two ways to choose the time.
// Instead: a part of the ttl, or `xfetch`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, refresh_ahead)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
