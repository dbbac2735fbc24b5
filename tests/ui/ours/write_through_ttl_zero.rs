// Misuse: a ttl of zero.
// Why: nothing would be left.
// Instead: a ttl of at least a millisecond, or `#[invalidates]`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 0)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
