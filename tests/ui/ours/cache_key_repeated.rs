// Misuse: two templates for one key.
// Why: a struct is one key.
// Instead: a struct for each.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<id>")]
#[cache_key("account:<id>")]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
