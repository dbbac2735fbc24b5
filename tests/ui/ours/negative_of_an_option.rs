// Misuse: an error besides `None`, both of which say that there is no value.
// Why: one of them is remembered.
// Instead: `negative_ttl` alone, or a function that returns no `Option`.

use cache_runtime::cached;

pub enum Error {
    NotFound,
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5, negative = Error::NotFound)]
async fn name(id: u64) -> Result<Option<String>, Error> {
    if id == 0 { Err(Error::NotFound) } else { Ok(Some(id.to_string())) }
}

fn main() {}
