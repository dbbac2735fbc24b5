// Misuse: `skip` on `#[invalidates]`.
// Why: the keys of a writer need not name every parameter.
// Instead: nothing.

use cache_runtime::invalidates;

#[invalidates("user:<id>", skip(name))]
async fn rename(id: u64, name: &str) {
    println!("{id} {name}");
}

fn main() {}
