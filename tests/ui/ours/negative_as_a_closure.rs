// Misuse: a closure that recognizes the error.
// Why: a hit has to return the error, too.
// Instead: the error itself.

use cache_runtime::cached;

pub enum Error {
    NotFound,
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5, negative = |error| matches!(error, Error::NotFound))]
async fn name(id: u64) -> Result<String, Error> {
    if id == 0 { Err(Error::NotFound) } else { Ok(id.to_string()) }
}

fn main() {}
