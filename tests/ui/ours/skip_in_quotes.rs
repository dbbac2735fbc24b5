// Misuse: a name in quotes in `skip`.
// Why: it is a name.
// Instead: `skip(conn)`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, skip("conn"))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
