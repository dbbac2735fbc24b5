// Misuse: one form of `tags` twice.
// Why: it is one list.
// Instead: all of them in one list.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, tags("users"), tags("names"))]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
