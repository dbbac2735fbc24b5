// Misuse: two placeholders with `%` between them.
// Why: values are percent-encoded, so they contain it.
// Instead: `<user>:<item>`.

use cache_runtime::cached;

#[cached(key = "order:<user>%<item>", ttl = 60)]
async fn name(user: u64, item: u64) -> String {
    format!("{user}{item}")
}

fn main() {}
