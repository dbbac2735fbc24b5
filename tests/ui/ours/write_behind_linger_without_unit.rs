// Misuse: a linger without a unit.
// Why: 50 would be seconds, and is probably meant as milliseconds.
// Instead: `linger = "50ms"`.

use cache_runtime::write_behind;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), linger = 50)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    println!("{}", users.len());
    Ok(())
}

fn main() {}
