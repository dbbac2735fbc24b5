// Misuse: a template of one placeholder, without quotes.
// Why: `<id>` is no expression.
// Instead: `key = "user:<id>"`.

use cache_runtime::cached;

#[cached(key = <id>, ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
