// Misuse: a policy of another type.
// Why: it says nothing of how values are kept.
// Instead: a `Policy`.

use cache_runtime::cached;

const USERS: u64 = 60;

#[cached(key = "user:<id>", policy = USERS)]
pub async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
