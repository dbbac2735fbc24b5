// Misuse: an attribute of a writer on a struct.
// Why: a function is what writes.
// Instead: on that function.

use cache_runtime::invalidates;

#[invalidates("user:<id>")]
pub struct User {
    pub id: u64,
}

fn main() {}
