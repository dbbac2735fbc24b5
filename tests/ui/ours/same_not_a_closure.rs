// Misuse: a flag where a comparison is expected.
// Why: it says what need not come back as it was.
// Instead: `same = |a: &User, b: &User| a.id == b.id`.

use cache_runtime::cached;

#[cached(key = "user:<id>", same = true, ttl = 60)]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
