// Misuse: a key of a type that is no `CacheKey`.
// Why: how it is written is not known.
// Instead: `#[derive(CacheKey)]`.

use cache_runtime::cached;

pub struct UserKey {
    pub id: u64,
}

#[cached(key = UserKey { id }, ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
