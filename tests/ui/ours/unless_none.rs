// Misuse: `unless` that asks whether there is a value.
// Why: a `None` is stored only where `negative_ttl` says so.
// Instead: nothing.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, unless = |name| name.is_none())]
async fn name(id: u64) -> Option<String> {
    Some(id.to_string())
}

#[cached(key = "user:<id>", ttl = 60, unless = Result::is_err)]
async fn other_name(id: u64) -> Result<String, String> {
    Ok(id.to_string())
}

fn main() {}
