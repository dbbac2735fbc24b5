// Misuse: formats in placeholders.
// Why: a value has one text.
// Instead: `<id>`.

use cache_runtime::cached;

#[cached(key = "user:<id:?>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

#[cached(key = "user:{id:?}", ttl = 60)]
async fn same_name(id: u64) -> String {
    id.to_string()
}

#[cached(key = "user:{}", ttl = 60)]
async fn other_name(id: u64) -> String {
    id.to_string()
}

fn main() {}
