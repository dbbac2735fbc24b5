// Misuse: a condition on the parameters as `unless`.
// Why: `unless` looks at the loaded value.
// Instead: `when = id != 0`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, unless = id == 0)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
