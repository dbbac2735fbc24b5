// Misuse: an attribute on a struct, whose values are to be cached.
// Why: a function is what can be spared.
// Instead: on the function that loads the struct.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60)]
pub struct User {
    pub id: u64,
}

#[cached(key = "plan", ttl = 60)]
pub enum Plan {
    Free,
}

#[cached(key = "limit", ttl = 60)]
pub const LIMIT: u64 = 5;

fn main() {}
