// Misuse: a life for what is not there, of a batch by groups.
// Why: an id without rows has an empty list, and nothing is ever missing.
// Instead: no `negative_ttl`.

use cache_runtime::cached;

#[cached(key = "tags:<articles>", each = articles, id = |tag: &u64| *tag, group, ttl = 60, negative_ttl = 5)]
async fn tags(articles: &[u64]) -> Vec<u64> {
    articles.to_vec()
}

fn main() {}
