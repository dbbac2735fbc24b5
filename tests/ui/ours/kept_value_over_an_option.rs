// Misuse: a closure over what the function returns.
// Why: there is nothing to change in a `None` or an error.
// Instead: `|name: String|`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, value = |name: Option<String>| name.map(|name| name.to_lowercase()))]
async fn name(id: u64) -> Option<String> {
    Some(id.to_string())
}

#[cached(key = "mail:<id>", ttl = 60, value = |mail: Result<Option<String>, ()>| mail)]
async fn mail(id: u64) -> Result<Option<String>, ()> {
    Ok(Some(id.to_string()))
}

fn main() {}
