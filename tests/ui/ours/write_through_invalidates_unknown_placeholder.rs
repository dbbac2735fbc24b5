// Misuse: a misspelt placeholder in another key.
// Why: there is no such parameter.
// Instead: the name that the message suggests.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, invalidates("users:<di>"))]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
