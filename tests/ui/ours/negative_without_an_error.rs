// Misuse: an error of a function that returns none.
// Why: there is nothing to remember.
// Instead: a `Result`, or no `negative`.

use cache_runtime::cached;

pub enum Error {
    NotFound,
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5, negative = Error::NotFound)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
