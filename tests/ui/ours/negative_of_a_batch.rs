// Misuse: an error for rows of a batch that do not exist.
// Why: they are missing in its result, and that is remembered.
// Instead: `negative_ttl` alone.

use std::collections::HashMap;

use cache_runtime::cached;

pub enum Error {
    NotFound,
}

#[cached(key = "user:<ids>", each = ids, ttl = 60, negative_ttl = 5, negative = Error::NotFound)]
async fn names(ids: &[u64]) -> Result<HashMap<u64, String>, Error> {
    if ids.is_empty() { Err(Error::NotFound) } else { Ok(HashMap::new()) }
}

fn main() {}
