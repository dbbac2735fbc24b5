// Misuse: a `value` closure without its argument.
// Why: it is there to look at the result.
// Instead: `value = |saved| ...`, or no closure.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, value = || id)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
