// Misuse: a field of an `Option` in a key.
// Why: it may not be there.
// Instead: the `Option` itself, or an expression.

use cache_runtime::cached;

#[derive(Clone, Copy)]
pub struct Address {
    pub zip: u32,
}

#[cached(key = "shops:<near.zip>", ttl = 60)]
async fn shops(near: Option<Address>) -> u32 {
    near.map_or(0, |near| near.zip)
}

fn main() {}
