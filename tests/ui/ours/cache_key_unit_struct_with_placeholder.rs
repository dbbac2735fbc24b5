// Misuse: a placeholder in the template of a struct without fields.
// Why: there is nothing to fill it.
// Instead: a template without placeholders.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("config:<id>")]
pub struct ConfigKey;

fn main() {}
