// Misuse: a policy for a generic value, of a type that has no fingerprint.
// Why: the layout of the whole is not known where that of a part is not.
// Instead: `#[derive(CacheValue)]` on `User` too.

use cache_runtime::{CacheValue, Policy};

pub struct User;

#[derive(CacheValue)]
pub struct Page<T> {
    pub items: Vec<T>,
}

pub const USERS: Policy = Policy::ttl(60).value::<Page<User>>();

fn main() {}
