// Misuse: `skip` with `=`.
// Why: it takes a list.
// Instead: `skip(conn)`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, skip = conn)]
async fn name(conn: &str, id: u64) -> String {
    format!("{conn} {id}")
}

fn main() {}
