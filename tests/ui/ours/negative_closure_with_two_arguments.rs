// Misuse: a closure of `negative` with two arguments.
// Why: it looks at the error.
// Instead: one argument.

use cache_runtime::cached;

#[derive(Debug)]
pub enum Error {
    NotFound,
}

#[cached(
    key = "user:<id>",
    ttl = 60,
    negative_ttl = 5,
    negative = |error: &Error, id| matches!(error, Error::NotFound),
    negative_error = Error::NotFound,
)]
async fn name(id: u64) -> Result<String, Error> {
    Ok(id.to_string())
}

fn main() {}
