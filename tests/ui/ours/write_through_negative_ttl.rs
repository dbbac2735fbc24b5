// Misuse: `negative_ttl` on a writer.
// Why: it does not store `None`.
// Instead: no `negative_ttl`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, negative_ttl = 5)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
