// Misuse: a parameter in the key whose type is no `KeyPart`.
// Why: how it is written is not known.
// Instead: `#[derive(KeyPart)]`, or a field of it in the key.

use cache_runtime::cached;

pub struct UserId(u64);

#[cached(key = "user:<id>", ttl = 60)]
async fn name(id: UserId) -> String {
    id.0.to_string()
}

fn main() {}
