// Misuse: a closure of `tags` over the `Option` that the function returns.
// Why: it sees the value inside; `None` has no tags of its own.
// Instead: the value.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Article {
    pub author: u64,
}

#[cached(key = "article:<id>", ttl = 60, tags = |a: &Option<Article>| [format!("author:{}", a.is_some())])]
async fn article(id: u64) -> Option<Article> {
    Some(Article { author: id })
}

fn main() {}
