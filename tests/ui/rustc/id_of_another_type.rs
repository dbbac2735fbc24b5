// Misuse: rows whose id has another type than the ids of the batch.
// Why: they could never be equal.
// Instead: `id = |tag: &Tag| tag.article as i64`, or a list of the row's type.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Tag {
    article: i32,
}

#[cached(key = "tags:<articles>", each = articles, id = |tag: &Tag| tag.article, group, ttl = 60)]
pub async fn tags(articles: &[i64]) -> Vec<Tag> {
    articles.iter().map(|&article| Tag { article: article as i32 }).collect()
}

fn main() {}
