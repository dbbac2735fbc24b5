// Misuse: a template that is no string.
// Why: it is read when the program is built.
// Instead: `#[cache_key("user:<id>")]`.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key(UserKey)]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
