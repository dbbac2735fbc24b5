// Misuse: a key that names a number with a fraction of the result.
// Why: equal numbers may print differently.
// Instead: another field.

use cache_runtime::write_through;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Price {
    pub euros: f64,
}

#[write_through(key = "price:<return.euros>", ttl = 60)]
async fn set(euros: f64) -> Price {
    Price { euros }
}

fn main() {}
