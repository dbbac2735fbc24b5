// Misuse: `#[derive(KeyPart)]` for a newtype of a float.
// Why: numbers that are equal may be written differently.
// Instead: a whole number, such as cents.

use cache_runtime::KeyPart;

#[derive(KeyPart)]
pub struct Price(f64);

fn main() {}
