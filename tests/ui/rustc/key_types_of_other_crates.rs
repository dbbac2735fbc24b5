// Misuse: identifiers, decimals and times of other crates in a key.
// Why: their text is not known, and two decimals that are equal may print differently.
// Instead: a method of it, or a newtype.

use std::time::SystemTime;

use cache_runtime::cached;

/// As of `ulid`.
pub struct Ulid(pub u128);

/// As of `rust_decimal`.
pub struct Decimal(pub i128);

#[cached(key = "order:<id>", ttl = 60)]
async fn order(id: Ulid) -> String {
    id.0.to_string()
}

#[cached(key = "price:<price>", ttl = 60)]
async fn price(price: Decimal) -> String {
    price.0.to_string()
}

#[cached(key = "day:<at>", ttl = 60)]
async fn day(at: SystemTime) -> String {
    format!("{at:?}")
}

fn main() {}
