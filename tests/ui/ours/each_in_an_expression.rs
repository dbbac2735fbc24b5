// Misuse: a key that is an expression, of the list of `each`.
// Why: it would get the whole list.
// Instead: a template.

use cache_runtime::invalidates;

#[invalidates(format!("user:{ids:?}"), each = ids)]
async fn forget(ids: &[u64]) {
    println!("{}", ids.len());
}

fn main() {}
