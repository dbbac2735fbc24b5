// Misuse: a type parameter that only the body uses, and that is not in the key.
// Why: `count::<User>()` and `count::<Order>()` would share an entry.
// Instead: a key that names `A`, or `skip(A)`.

use cache_runtime::cached;

pub trait Table {
    const NAME: &str;
}

#[cached(key = "count", ttl = 60)]
async fn count<A: Table>() -> u64 {
    A::NAME.len() as u64
}

fn main() {}
