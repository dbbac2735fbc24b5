// Misuse: a body that returns nothing, of a function that returns a `Result`.
// Why: `Ok(...)` is missing.
// Instead: it.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60)]
async fn name(id: &str) -> Result<String, std::num::ParseIntError> {
    id.parse::<u64>()?;
}

fn main() {}
