// Misuse: an expression over the value.
// Why: there is no value yet.
// Instead: a closure over it.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, value = id.to_string())]
async fn name(id: u64) -> String {
    id.to_string()
}

#[cached(key = "mail:<id>", ttl = 60, value = id)]
async fn mail(id: u64) -> u64 {
    id
}

fn main() {}
