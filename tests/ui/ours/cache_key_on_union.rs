// Misuse: `#[derive(CacheKey)]` on a union.
// Why: which of its fields is alive is not known.
// Instead: a struct.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("plan:<a>")]
pub union Plan {
    pub a: u64,
    pub b: u64,
}

fn main() {}
