// Misuse: an argument of `#[cached]` on `#[invalidates]`.
// Why: it would have no effect.
// Instead: one of the arguments that the message lists.

use cache_runtime::invalidates;

#[invalidates("user:<id>", unless = true)]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
