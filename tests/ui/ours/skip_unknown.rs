// Misuse: a `skip` of what is not a parameter.
// Why: it would have no effect.
// Instead: the name of a parameter.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, skip(conn))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
