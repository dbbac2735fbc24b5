// Misuse: no ttl.
// Why: the value would be kept for ever.
// Instead: a ttl, as for readers.

use cache_runtime::write_through;

#[write_through(key = "user:<id>")]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
