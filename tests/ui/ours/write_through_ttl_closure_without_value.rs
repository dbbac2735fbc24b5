// Misuse: a ttl closure without its argument.
// Why: it is there to look at the value.
// Instead: `ttl = |name| ...`, or no closure.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = || 5)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
