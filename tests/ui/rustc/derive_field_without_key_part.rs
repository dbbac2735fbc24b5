// Misuse: a field in the template whose type is no `KeyPart`.
// Why: how it is written is not known.
// Instead: `#[derive(KeyPart)]`, or a field of it in the template.

use cache_runtime::CacheKey;

pub struct UserId(pub u64);

#[derive(CacheKey)]
#[cache_key("user:<id>")]
pub struct UserKey {
    pub id: UserId,
}

fn main() {}
