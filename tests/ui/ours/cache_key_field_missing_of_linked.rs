// Misuse: a field that is not in the template of a key that declares another type's value.
// Why: the struct is a key, and two keys that differ only in that field would be the same.
// Instead: `<tenant>` in the template, or `#[cache_key(skip)]`.

use cache_runtime::CacheKey;

pub struct User;

#[derive(CacheKey)]
#[cache_key("user:<id>", value = User)]
pub struct UserKey {
    pub tenant: u64,
    pub id: u64,
}

fn main() {}
