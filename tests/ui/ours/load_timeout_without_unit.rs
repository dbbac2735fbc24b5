// Misuse: a load timeout without a unit.
// Why: 5000 would be seconds, and is probably meant as milliseconds.
// Instead: `load_timeout = "5s"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, load_timeout = 5000)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
