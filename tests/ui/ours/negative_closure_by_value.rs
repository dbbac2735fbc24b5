// Misuse: a closure that takes the error.
// Why: an error that is no absence goes to the caller.
// Instead: `|error: &Error|`.

use cache_runtime::cached;

pub enum Error {
    NotFound,
}

#[cached(
    key = "user:<id>",
    ttl = 60,
    negative_ttl = 5,
    negative = |error: Error| matches!(error, Error::NotFound),
    negative_error = Error::NotFound,
)]
async fn name(id: u64) -> Result<String, Error> {
    if id == 0 { Err(Error::NotFound) } else { Ok(id.to_string()) }
}

fn main() {}
