// Misuse: `skip(..)` twice.
// Why: an argument is given once.
// Instead: one list.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, skip(conn), skip(span))]
async fn name(id: u64, conn: &str, span: &str) -> String {
    format!("{id}{conn}{span}")
}

fn main() {}
