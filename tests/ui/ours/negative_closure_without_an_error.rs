// Misuse: a closure that recognizes the error, alone.
// Why: a hit has no error, and has to return one.
// Instead: with `negative_error = Error::NotFound`.

use cache_runtime::cached;

pub enum Error {
    NotFound,
}

impl Error {
    fn is_absence(&self) -> bool {
        matches!(self, Error::NotFound)
    }
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5, negative = |error| matches!(error, Error::NotFound))]
async fn name(id: u64) -> Result<String, Error> {
    if id == 0 { Err(Error::NotFound) } else { Ok(id.to_string()) }
}

#[cached(key = "mail:<id>", ttl = 60, negative_ttl = 5, negative = Error::is_absence)]
async fn mail(id: u64) -> Result<String, Error> {
    if id == 0 { Err(Error::NotFound) } else { Ok(id.to_string()) }
}

fn main() {}
