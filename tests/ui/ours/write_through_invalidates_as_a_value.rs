// Misuse: `invalidates = ...`.
// Why: it is a list.
// Instead: `invalidates(...)`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, invalidates = "users")]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
