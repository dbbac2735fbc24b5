// Misuse: closures over the value that give no tags of it.
// Why: one closure sees the value, and gives all the tags that it names.
// Instead: `tags = |author: &u64| [..]`.

use cache_runtime::cached;

#[cached(key = "a:<id>", ttl = 60, tags = [|author: &u64| ["a"], |author: &u64| ["b"]])]
async fn two(id: u64) -> u64 {
    id
}

#[cached(key = "b:<id>", ttl = 60, tags = || ["b"])]
async fn none(id: u64) -> u64 {
    id
}

#[cached(key = "c:<id>", ttl = 60, tags = |author: u64| [format!("author:{author}")])]
async fn by_value(id: u64) -> u64 {
    id
}

fn main() {}
