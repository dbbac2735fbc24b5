// Misuse: a value that cannot be stored.
// Why: it has no `Serialize`.
// Instead: derive it.

use cache_runtime::write_through;

pub struct User {
    pub id: u64,
}

#[write_through(key = "user:<user.id>", ttl = 60)]
async fn update(user: User) -> Result<User, String> {
    Ok(user)
}

fn main() {}
