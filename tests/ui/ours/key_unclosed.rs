// Misuse: a placeholder that is not closed.
// Why: it is no placeholder.
// Instead: `<id>`, or `<<` for the character.

use cache_runtime::cached;

#[cached(key = "user:<id", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
