// Misuse: a name bound by a pattern that is not in the key.
// Why: two calls that differ only in it would share an entry.
// Instead: `<page>` in the key, or `skip(page)`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60)]
async fn name(id: u64, (page, _): (u64, u64)) -> String {
    format!("{id}{page}")
}

fn main() {}
