// Misuse: a key without `key =`.
// Why: every argument of `#[cached]` has a name.
// Instead: `key = "user:<id>"`.

use cache_runtime::cached;

#[cached("user:<id>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
