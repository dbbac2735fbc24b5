// Misuse: a parameter in the key whose type is no `KeyPart`.
// Why: how it is written is not known.
// Instead: `#[derive(KeyPart)]`, or a field of it in the key.

use cache_runtime::invalidates;

pub struct User {
    pub id: u64,
}

#[invalidates("user:<user>")]
async fn rename(user: &User) {
    println!("{}", user.id);
}

fn main() {}
