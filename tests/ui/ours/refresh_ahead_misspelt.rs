// Misuse: a misspelt word.
// Why: it is no constant either.
// Instead: `xfetch`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, refresh_ahead = xfecth)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
