// Misuse: `each` on a writer whose keys do not name the list.
// Why: nothing would be invalidated for its elements.
// Instead: `<ids>` in a key.

use cache_runtime::invalidates;

#[invalidates("users", each = ids)]
async fn forget(ids: &[i64]) {
    println!("{}", ids.len());
}

fn main() {}
