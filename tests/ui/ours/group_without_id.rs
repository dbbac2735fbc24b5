// Misuse: `group` without `id`.
// Why: nothing says which group a row is in.
// Instead: `id = |tag: &Tag| tag.article, group`.

use cache_runtime::cached;

#[cached(key = "tags:<articles>", each = articles, group, ttl = 60)]
async fn tags(articles: &[u64]) -> Vec<u64> {
    articles.to_vec()
}

fn main() {}
