// Misuse: an argument of readers.
// Why: it would have no effect.
// Instead: one of those that the message names.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, unless = |user: &User| user.id == 0)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
