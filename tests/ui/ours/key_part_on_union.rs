// Misuse: `#[derive(KeyPart)]` on a union.
// Why: which of its fields is alive is not known.
// Instead: `impl KeyPart`.

use cache_runtime::KeyPart;

#[derive(KeyPart)]
pub union Id {
    pub a: u64,
    pub b: u64,
}

fn main() {}
