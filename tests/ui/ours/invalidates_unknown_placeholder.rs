// Misuse: a misspelt placeholder.
// Why: there is no such parameter.
// Instead: the name that the message suggests.

use cache_runtime::invalidates;

#[invalidates("user:<di>")]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
