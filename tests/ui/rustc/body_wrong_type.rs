// Misuse: a body of another type than the function.
// Why: that is an error without the attribute, too, and reads the same with it.
// Instead: the right type.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60)]
async fn name(id: u64) -> String {
    id
}

fn main() {}
