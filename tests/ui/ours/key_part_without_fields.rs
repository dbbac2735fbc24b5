// Misuse: `KeyPart` for a struct without fields.
// Why: it has no text.
// Instead: an `impl` by hand.

use cache_runtime::KeyPart;

#[derive(KeyPart)]
pub struct Everyone;

fn main() {}
