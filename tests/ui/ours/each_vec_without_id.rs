// Misuse: a batch that returns a list of rows, as a one-to-many query does.
// Why: which row belongs to which id cannot be told by its position.
// Instead: `id = |tag: &Tag| tag.article`, and `group`, since an article has many tags.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
struct Tag {
    article: i64,
}

#[cached(key = "tags:<articles>", each = articles, ttl = 60)]
async fn tags(articles: &[i64]) -> Result<Vec<Tag>, std::fmt::Error> {
    Ok(articles.iter().map(|&article| Tag { article }).collect())
}

fn main() {}
