// Misuse: a skipped parameter that is in the key.
// Why: `skip` says that it does not shape the value, the key says that it does.
// Instead: one of the two.

use cache_runtime::cached;

#[cached(key = "user:<id>:<locale>", ttl = 60, skip(locale))]
async fn name(id: u64, locale: &str) -> String {
    format!("{id}{locale}")
}

fn main() {}
