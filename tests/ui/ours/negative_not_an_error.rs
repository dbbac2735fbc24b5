// Misuse: something that is neither an error nor recognizes one.
// Why: it says which error is remembered.
// Instead: an error, a pattern, or a closure.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5, negative = true)]
async fn name(id: u64) -> Result<String, u8> {
    Ok(id.to_string())
}

#[cached(key = "mail:<id>", ttl = 60, negative_ttl = 5, negative = error, negative_error = 404)]
async fn mail(id: u64) -> Result<String, u16> {
    Ok(id.to_string())
}

#[cached(key = "phone:<id>", ttl = 60, negative_ttl = 5, negative = |id, error| *error > id, negative_error = 404)]
async fn phone(id: u16) -> Result<String, u16> {
    Ok(id.to_string())
}

fn main() {}
