// Misuse: a const parameter that only the body uses, and that is not in the key.
// Why: `page::<5>(1)` and `page::<2>(1)` would share an entry.
// Instead: `<N>` in the key, or `skip(N)`.

use cache_runtime::cached;

#[cached(key = "page:<id>", ttl = 60)]
async fn page<const N: usize>(id: u64) -> Vec<u64> {
    vec![id; N]
}

fn main() {}
