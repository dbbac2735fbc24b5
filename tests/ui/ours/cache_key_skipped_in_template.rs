// Misuse: a skipped field that is in the template.
// Why: `skip` says that it is no part of the key, the template says that it is.
// Instead: one of the two.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<id>")]
pub struct UserKey {
    #[cache_key(skip)]
    pub id: u64,
}

fn main() {}
