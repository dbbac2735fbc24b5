// Misuse: what a hit returns, without what is remembered.
// Why: nothing says which error that stands for.
// Instead: with `negative = |error| ...`, or `negative = Error::NotFound` alone.

use cache_runtime::cached;

pub enum Error {
    NotFound,
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5, negative_error = Error::NotFound)]
async fn name(id: u64) -> Result<String, Error> {
    if id == 0 { Err(Error::NotFound) } else { Ok(id.to_string()) }
}

fn main() {}
