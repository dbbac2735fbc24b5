// Misuse: a key that is declared for another value.
// Why: its readers would find what they cannot read.
// Instead: the key of what is stored.

use cache_runtime::{CacheKey, write_through};

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[derive(CacheKey)]
#[cache_key("team:<id>", value = Team)]
pub struct TeamKey {
    pub id: u64,
}

pub struct Team;

#[write_through(key = TeamKey { id: user.id }, ttl = 60)]
async fn update(user: User) -> Result<User, String> {
    Ok(user)
}

fn main() {}
