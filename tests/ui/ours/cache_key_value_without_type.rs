// Misuse: `value` without a type.
// Why: it says which value is under the key.
// Instead: `value = User`, or `value = Self` where the struct is the value.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<id>", value)]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
