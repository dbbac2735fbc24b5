// Misuse: a misspelt placeholder.
// Why: there is no such field.
// Instead: the name that the message suggests.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<tenannt>:<id>")]
pub struct UserKey {
    pub tenant: u64,
    pub id: u64,
}

fn main() {}
