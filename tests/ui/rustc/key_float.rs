// Misuse: a float in a key.
// Why: numbers that are equal may be written differently.
// Instead: a whole number, such as cents.

use cache_runtime::cached;

#[cached(key = "price:<price>", ttl = 60)]
async fn name(price: f64) -> String {
    price.to_string()
}

fn main() {}
