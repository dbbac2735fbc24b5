// Misuse: a value for `by_name`.
// Why: a field counts by its type's name alone where this is said, and by its fingerprint where it is not.
// Instead: `#[cache_value(by_name)]`, or nothing.

use cache_runtime::CacheValue;

#[derive(CacheValue)]
pub struct User {
    #[cache_value(by_name = false)]
    pub id: u64,
}

fn main() {}
