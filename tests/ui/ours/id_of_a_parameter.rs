// Misuse: an id that depends on a parameter of the call.
// Why: the rows of a call may be loaded by another one.
// Instead: take it from the row alone.

use cache_runtime::cached;

#[cached(key = "tags:<first>:<articles>", each = articles, id = |tag: &u64| tag + first, ttl = 60)]
async fn tags(first: u64, articles: &[u64]) -> Vec<u64> {
    articles.iter().map(|article| article - first).collect()
}

fn main() {}
