// Misuse: a placeholder that is no field.
// Why: there is nothing to fill it.
// Instead: one of the fields.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<customer>")]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
