// Misuse: a load in the background with a parameter that cannot be cloned.
// Why: the load outlives its caller, so it needs one of its own.
// Instead: `#[derive(Clone)]`, or an `Arc`.

use cache_runtime::cached;

pub struct Handle;

impl Handle {
    async fn name(&self, id: u64) -> String {
        id.to_string()
    }
}

#[cached(key = "user:<id>", ttl = 60, refresh_ahead = xfetch, skip(db))]
pub async fn name(db: &Handle, id: u64) -> String {
    db.name(id).await
}

fn main() {}
