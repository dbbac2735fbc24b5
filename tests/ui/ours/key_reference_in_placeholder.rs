// Misuse: a reference in a placeholder.
// Why: a parameter is taken as it is.
// Instead: `<id>`.

use cache_runtime::cached;

#[cached(key = "user:<&id>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
