// Misuse: `each` over what is no list.
// Why: it has no elements.
// Instead: a list.

use cache_runtime::invalidates;

#[invalidates("user:<id>", each = id)]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
