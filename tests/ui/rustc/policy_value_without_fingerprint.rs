// Misuse: a policy for a value whose type has no fingerprint.
// Why: there is nothing by which an entry of an older layout could be told.
// Instead: `#[derive(CacheValue)]` on the type.

use cache_runtime::Policy;

pub struct User;

pub const USERS: Policy = Policy::ttl(60).value::<User>();

fn main() {}
