// Misuse: a closure that picks what cannot be stored.
// Why: it has no `Serialize`.
// Instead: derive it.

use cache_runtime::write_through;

pub struct User {
    pub id: u64,
}

pub struct Saved {
    pub user: User,
}

#[write_through(key = "user:<id>", ttl = 60, value = |saved: &Saved| &saved.user)]
async fn update(id: u64) -> Result<Saved, String> {
    Err(id.to_string())
}

fn main() {}
