// Misuse: a batch that returns a list of rows by another name, without their ids.
// Why: which row belongs to which id cannot be told by its position.
// Instead: `id = |tag: &Tag| tag.article`.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Tag {
    article: i64,
}

type Tags = Vec<Tag>;

#[cached(key = "tags:<articles>", each = articles, ttl = 60)]
pub async fn tags(articles: &[i64]) -> Tags {
    articles.iter().map(|&article| Tag { article }).collect()
}

fn main() {}
