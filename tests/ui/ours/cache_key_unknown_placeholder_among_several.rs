// Misuse: a placeholder that is no field, of a struct with several.
// Why: nothing can fill it.
// Instead: one of the fields.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<customer>:<id>:<name>")]
pub struct UserKey {
    pub id: u64,
    pub name: String,
}

fn main() {}
