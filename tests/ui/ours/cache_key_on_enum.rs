// Misuse: `#[derive(CacheKey)]` on an enum.
// Why: a key has one template.
// Instead: a struct, with an enum that derives `KeyPart` as a field.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("plan")]
pub enum Plan {
    Free,
    Paid,
}

fn main() {}
