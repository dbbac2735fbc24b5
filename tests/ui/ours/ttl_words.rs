// Misuse: a duration of two words, without quotes.
// Why: it is no expression.
// Instead: `ttl = "5 minutes"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 5 minutes)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
