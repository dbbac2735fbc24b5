// Misuse: a placeholder that names a field which is not there.
// Why: there is nothing to fill it.
// Instead: a field of the parameter.

use cache_runtime::cached;

pub struct User {
    pub id: u64,
}

#[cached(key = "user:<user.di>", ttl = 60)]
async fn name(user: &User) -> String {
    user.id.to_string()
}

fn main() {}
