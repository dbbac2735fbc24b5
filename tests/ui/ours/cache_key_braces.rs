// Misuse: braces for angle brackets.
// Why: braces are text, so every key would be the same.
// Instead: `<id>`.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("user:{id}")]
pub struct UserKey {
    pub id: u64,
}

fn main() {}
