// Misuse: a body that is still being typed.
// Why: the editor asks the compiler all the time.
// Instead: the rest of it.

use cache_runtime::cached;

pub struct Repo {
    db: String,
}

impl Repo {
    #[cached(key = "user:<id>", ttl = 60)]
    pub async fn name(&self, id: u64) -> String {
        let name = id.to_string();
        self.db.
    }
}

fn main() {}
