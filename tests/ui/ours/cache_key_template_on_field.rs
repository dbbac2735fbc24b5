// Misuse: a template on a field.
// Why: the template is that of the struct.
// Instead: `#[cache_key(skip)]`, or nothing.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<id>")]
pub struct UserKey {
    #[cache_key("<id>")]
    pub id: u64,
}

fn main() {}
