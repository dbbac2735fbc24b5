// Misuse: an argument of `#[cache_value]` without a name.
// Why: there is only one, and it has a name.
// Instead: nothing, or `#[cache_value(crate = my_cache)]`.

use cache_runtime::CacheValue;

#[derive(CacheValue)]
#[cache_value("user")]
pub struct User {
    pub id: u64,
}

fn main() {}
