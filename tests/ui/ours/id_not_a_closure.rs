// Misuse: the name of a field as the id of a row.
// Why: it takes a function from a row to its id.
// Instead: `id = |tag: &Tag| tag.article`.

use cache_runtime::cached;

#[cached(key = "tags:<articles>", each = articles, id = "article", ttl = 60)]
async fn tags(articles: &[u64]) -> Vec<u64> {
    articles.to_vec()
}

fn main() {}
