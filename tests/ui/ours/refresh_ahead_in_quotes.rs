// Misuse: `xfetch` in quotes.
// Why: it is a name.
// Instead: `refresh_ahead = xfetch`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, refresh_ahead = "xfetch")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
