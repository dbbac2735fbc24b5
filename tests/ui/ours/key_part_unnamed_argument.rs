// Misuse: an argument of `#[key_part]` without a name.
// Why: there is only one, and it has a name.
// Instead: nothing, or `#[key_part(crate = my_cache)]`.

use cache_runtime::KeyPart;

#[derive(KeyPart)]
#[key_part("user")]
pub struct UserId(u64);

fn main() {}
