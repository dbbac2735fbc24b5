// Misuse: a codec in quotes.
// Why: it is a name, not text.
// Instead: `codec = json`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, codec = "json")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
