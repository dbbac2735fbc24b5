// Misuse: a cached function that returns `impl Trait`.
// Why: a hit is decoded from bytes into the type, which is hidden.
// Instead: the name of the type.

use cache_runtime::cached;

#[cached(key = "names:<id>", ttl = 60)]
async fn names(id: u64) -> Result<impl Iterator<Item = u64>, std::io::Error> {
    Ok(0..id)
}

fn main() {}
