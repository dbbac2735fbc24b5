// Misuse: `#[derive(CacheKey)]` without a template.
// Why: the fields alone do not say what the key is.
// Instead: `#[cache_key("user:<id>")]`.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
