// Misuse: a template after `=`.
// Why: it stands in brackets.
// Instead: `#[cache_key("user:<id>")]`.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key = "user:<id>"]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
