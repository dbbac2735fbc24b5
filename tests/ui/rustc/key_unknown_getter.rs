// Misuse: a placeholder that calls a method which is not there.
// Why: there is nothing to fill it.
// Instead: a method of the parameter.

use cache_runtime::cached;

pub struct User {
    id: u64,
}

impl User {
    pub fn id(&self) -> u64 {
        self.id
    }
}

#[cached(key = "user:<user.di()>", ttl = 60)]
async fn name(user: &User) -> String {
    user.id().to_string()
}

fn main() {}
