// Misuse: a carried tag that is known only from the result.
// Why: whether it was invalidated meanwhile could not be told.
// Instead: a parameter; or `tags(...)`, to invalidate it.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, tags = ["user:<return>"])]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
