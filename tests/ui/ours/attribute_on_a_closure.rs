// Misuse: `#[cached]` on a closure.
// Why: it needs a function with a name.
// Instead: an `async fn`.

use cache_runtime::cached;

fn main() {
    #[cached(key = "user:<id>", ttl = 60)]
    let name = |id: u64| async move { id.to_string() };
    drop(name(1));
}
