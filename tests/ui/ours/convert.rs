// Misuse: an argument of the crate `cached`.
// Why: the key is an expression itself.
// Instead: `key = format!(...)`, or a template.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, convert = r#"{ id.to_string() }"#)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
