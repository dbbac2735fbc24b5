// Misuse: a generic key with a field that is a float.
// Why: numbers that are equal may be written differently.
// Instead: a whole number, such as cents.

use cache_runtime::CacheKey;

#[derive(CacheKey)]
#[cache_key("item:<id>:<price>")]
pub struct ItemKey<T> {
    pub id: T,
    pub price: f64,
}

fn main() {}
