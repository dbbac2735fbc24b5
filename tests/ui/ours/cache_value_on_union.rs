// Misuse: `#[derive(CacheValue)]` on a union.
// Why: which of its fields is alive, and so what would be written, is not known.
// Instead: a struct or an enum.

use cache_runtime::CacheValue;

#[derive(CacheValue)]
pub union Number {
    pub small: u8,
    pub large: u64,
}

fn main() {}
