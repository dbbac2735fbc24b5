// Misuse: `hold` on a reader, and on a function that writes through.
// Why: the one has no fences, and the other leaves the value itself.
// Instead: `#[invalidates]`.

use cache_runtime::{cached, write_through};

#[cached(key = "user:<id>", ttl = 60, hold = "2s")]
async fn name(id: u64) -> String {
    id.to_string()
}

#[write_through(key = "user:<id>", ttl = 60, hold = "2s")]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
