// Misuse: a key that is a word, without quotes.
// Why: it would be a variable.
// Instead: `key = "users"`.

use cache_runtime::cached;

#[cached(key = users, ttl = 60)]
async fn names(page: u64) -> String {
    page.to_string()
}

fn main() {}
