// Misuse: a function whose value is of any type, under a key that is the same for all of them.
// Why: `setting::<u64>("limit")` and `setting::<String>("limit")` would share an entry.
// Instead: a key that names `T`, or `skip(T)` where each name has one type only.

use cache_runtime::cached;
use serde::{Serialize, de::DeserializeOwned};

#[cached(key = "setting:<name>", ttl = 60)]
async fn setting<T: Serialize + DeserializeOwned>(name: &str) -> Result<Option<T>, String> {
    Err(name.to_owned())
}

fn main() {}
