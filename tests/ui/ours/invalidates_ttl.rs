// Misuse: a ttl on `#[invalidates]`.
// Why: it stores nothing.
// Instead: no ttl, or `#[write_through]`.

use cache_runtime::invalidates;

#[invalidates("user:<id>", ttl = 60)]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
