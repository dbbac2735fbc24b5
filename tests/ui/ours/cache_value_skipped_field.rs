// Misuse: a cached type with a field that serde skips.
// Why: the field comes back from the cache as its default, be it a password.
// Instead: a type of its own for clients, or `#[cache_value(may_change)]`.

use cache_runtime::CacheValue;

#[derive(serde::Serialize, serde::Deserialize, CacheValue)]
struct User {
    name: String,
    #[serde(skip_serializing, default)]
    password: String,
}

fn main() {}
