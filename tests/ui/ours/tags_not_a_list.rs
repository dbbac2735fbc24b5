// Misuse: a tag that is no list.
// Why: an entry can carry several.
// Instead: `tags = ["tenant:<id>"]`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, tags = "tenant:<id>")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
