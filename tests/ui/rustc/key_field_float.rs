// Misuse: a field that is a float in a key.
// Why: numbers that are equal may be written differently.
// Instead: a whole number, such as cents.

use cache_runtime::cached;

pub struct Item {
    pub price: f64,
}

#[cached(key = "price:<item.price>", ttl = 60)]
async fn name(item: &Item) -> String {
    item.price.to_string()
}

fn main() {}
