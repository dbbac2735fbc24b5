// Misuse: `key =` in `#[invalidates]`.
// Why: there can be several keys, so they have no name.
// Instead: `#[invalidates("user:<id>")]`.

use cache_runtime::invalidates;

#[invalidates(key = "user:<id>")]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
