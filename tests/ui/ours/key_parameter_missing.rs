// Misuse: a parameter that is not in the key.
// Why: two calls that differ only in it would share an entry.
// Instead: `<locale>` in the key, or `skip(locale)`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60)]
async fn name(id: u64, locale: &str) -> String {
    format!("{id}{locale}")
}

fn main() {}
