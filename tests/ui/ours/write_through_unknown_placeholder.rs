// Misuse: a misspelt placeholder.
// Why: there is no such parameter.
// Instead: the name that the message suggests.

use cache_runtime::write_through;

#[write_through(key = "user:<di>", ttl = 60)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
