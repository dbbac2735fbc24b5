// Misuse: an `unless` for another type.
// Why: it is given the loaded value.
// Instead: the type of the value.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, unless = |name: &u64| *name == 0)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
