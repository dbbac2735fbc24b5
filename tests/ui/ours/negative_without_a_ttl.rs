// Misuse: an error that is remembered, nobody knows for how long.
// Why: it has a time of its own, as `None` has.
// Instead: `negative_ttl = 60`.

use cache_runtime::cached;

pub enum Error {
    NotFound,
}

#[cached(key = "user:<id>", ttl = 60, negative = Error::NotFound)]
async fn name(id: u64) -> Result<String, Error> {
    if id == 0 { Err(Error::NotFound) } else { Ok(id.to_string()) }
}

fn main() {}
