// Misuse: a parameter whose name the key uses for something else only.
// Why: two calls that differ in it would share an entry.
// Instead: the parameter in the key, or `skip`.

use cache_runtime::{CacheKey, cached};

struct User {
    id: u64,
}

#[derive(CacheKey)]
#[cache_key("user:<id>")]
struct UserKey {
    id: u64,
}

#[cached(key = UserKey { id: user.id }, ttl = 60)]
async fn name(user: User, id: u64) -> String {
    format!("{} {id}", user.id)
}

fn main() {}
