// Misuse: a cached function that returns `()` by another name.
// Why: it is called for its effect, which a hit would skip.
// Instead: no cache, or a value.

use cache_runtime::cached;

type Nothing = ();

#[cached(key = "user:<id>", ttl = 60)]
async fn touch(id: u64) -> Nothing {
    println!("{id}");
}

fn main() {}
