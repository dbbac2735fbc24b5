// Misuse: a key with a suffix.
// Why: a string has none.
// Instead: the string alone.

use cache_runtime::invalidates;

#[invalidates("user:<id>"key)]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
