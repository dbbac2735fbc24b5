// Misuse: a parameter that is skipped twice.
// Why: once is enough.
// Instead: one of them.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, skip(conn, conn))]
async fn name(id: u64, conn: &str) -> String {
    format!("{id}{conn}")
}

fn main() {}
