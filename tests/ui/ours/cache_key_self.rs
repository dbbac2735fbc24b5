// Misuse: `<self.id>` in the template of a struct.
// Why: there, fields are named alone.
// Instead: `<id>`.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:<self.id>")]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
