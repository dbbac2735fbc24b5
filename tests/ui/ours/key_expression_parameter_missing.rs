// Misuse: a parameter that the key does not use.
// Why: two calls that differ only in it would share an entry.
// Instead: the parameter in the key, or `skip(locale)`.

use cache_runtime::cached;

#[cached(key = format!("user:{id}"), ttl = 60)]
async fn name(id: u64, locale: &str) -> String {
    format!("{id}{locale}")
}

fn main() {}
