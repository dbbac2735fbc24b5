// Misuse: a misspelt placeholder.
// Why: there is no such parameter.
// Instead: the name that the message suggests.

use cache_runtime::cached;

#[cached(key = "user:<user_di>", ttl = 60)]
async fn name(user_id: u64) -> String {
    user_id.to_string()
}

fn main() {}
