// Misuse: `lock` on `#[invalidates]`.
// Why: it is for readers.
// Instead: nothing: a writer fences its keys.

use cache_runtime::invalidates;

#[invalidates("user:<id>", lock)]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
