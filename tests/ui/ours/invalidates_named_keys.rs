// Misuse: keys by a name.
// Why: they have none.
// Instead: `#[invalidates("user:<id>", "users")]`.

use cache_runtime::invalidates;

#[invalidates(keys = ["user:<id>", "users"])]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
