// Misuse: a closure that makes the error.
// Why: an expression is evaluated only where it is needed, too.
// Instead: the error.

use cache_runtime::cached;

pub enum Error {
    NotFound(u64),
}

#[cached(
    key = "user:<id>",
    ttl = 60,
    negative_ttl = 5,
    negative = Error::NotFound(_),
    negative_error = || Error::NotFound(id),
)]
async fn name(id: u64) -> Result<String, Error> {
    if id == 0 { Err(Error::NotFound(id)) } else { Ok(id.to_string()) }
}

fn main() {}
