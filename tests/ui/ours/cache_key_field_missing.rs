// Misuse: a field that is not in the template.
// Why: two keys that differ only in it would be the same.
// Instead: `<tenant>` in the template, or `#[cache_key(skip)]`.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<id>")]
pub struct UserKey {
    pub tenant: u64,
    pub id: u64,
}

fn main() {}
