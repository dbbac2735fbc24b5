// Misuse: an argument of `#[cache_value]` on a field without a name.
// Why: there is only one.
// Instead: `#[cache_value(by_name)]`, or nothing.

use cache_runtime::CacheValue;

#[derive(CacheValue)]
pub struct User {
    #[cache_value("id")]
    pub id: u64,
}

fn main() {}
