// Misuse: a closure as `when`.
// Why: it is asked before there is a value.
// Instead: an expression over the parameters, or `unless`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, when = |name: &String| true)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
