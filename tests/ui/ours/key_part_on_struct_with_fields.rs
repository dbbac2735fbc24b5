// Misuse: `#[derive(KeyPart)]` on a struct with several fields.
// Why: they have no one text.
// Instead: a placeholder for each field, or `#[derive(CacheKey)]`.

use cache_runtime::KeyPart;

#[derive(KeyPart)]
pub struct UserId {
    pub tenant: u64,
    pub id: u64,
}

fn main() {}
