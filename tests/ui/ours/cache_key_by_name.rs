// Misuse: a template by a name.
// Why: it has none.
// Instead: `#[cache_key("user:<id>")]`.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key(key = "user:<id>")]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
