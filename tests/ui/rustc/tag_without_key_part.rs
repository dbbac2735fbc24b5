// Misuse: a tag that a float fills.
// Why: equal numbers may print differently.
// Instead: a type that has `KeyPart`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, tags = ["price:<price>"], skip(price))]
pub async fn name(price: f64, id: u64) -> String {
    format!("{price} {id}")
}

fn main() {}
