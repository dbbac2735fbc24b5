// Misuse: `#[invalidates]` without a key.
// Why: nothing would be invalidated.
// Instead: `#[invalidates("user:<id>")]`.

use cache_runtime::invalidates;

#[invalidates()]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
