// Misuse: `#[derive(KeyPart)]` on an enum with fields.
// Why: a variant is written by its name alone, so two values that differ in a field would be one.
// Instead: a placeholder for each field, or `impl KeyPart`.

use cache_runtime::KeyPart;

#[derive(KeyPart)]
pub enum Plan {
    Free,
    Paid(u64),
    Custom { seats: u64 },
}

fn main() {}
