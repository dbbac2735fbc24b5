// Misuse: a misspelt placeholder in a tag.
// Why: there is no such parameter.
// Instead: the name that the message suggests.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, tags = ["user:<di>"])]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
