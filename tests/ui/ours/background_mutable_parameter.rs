// Misuse: a load in the background with a mutable reference.
// Why: it would have what the caller has lent when the caller is gone.
// Instead: something that can be cloned, such as a pool.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, refresh_ahead = 0.8, skip(log))]
async fn name(log: &mut Vec<u64>, id: u64) -> String {
    log.push(id);
    id.to_string()
}

fn main() {}
