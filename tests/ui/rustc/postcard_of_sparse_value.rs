// Misuse: Postcard for a type of which serde may leave a field out.
// Why: without names, the reader would take the next field for the one that is not there.
// Instead: another codec, or no `skip_serializing_if`.

use cache_runtime::{CacheValue, Codec, Policy};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheValue)]
pub struct User {
    pub id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

pub const USERS: Policy = Policy::ttl(60).codec(Codec::Postcard).value::<User>();

fn main() {}
