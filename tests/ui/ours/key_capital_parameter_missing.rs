// Misuse: a parameter that begins with a capital, and is not in the key.
// Why: two calls that differ only in it would share an entry.
// Instead: `<URL>` in the key, or `skip(URL)`.

use cache_runtime::cached;

#[cached(key = "page:<id>", ttl = 60)]
#[allow(non_snake_case)]
async fn page(id: u64, URL: &str) -> String {
    format!("{URL}/{id}")
}

fn main() {}
