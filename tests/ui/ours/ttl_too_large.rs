// Misuse: a ttl that does not fit.
// Why: seconds are counted in 64 bits.
// Instead: `ttl = "100years"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 99999999999999999999)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
