// Misuse: `tags(..)` and `invalidates(..)` twice.
// Why: which of them is meant is not clear, and dropping one would drop an invalidation.
// Instead: one list.

use cache_runtime::{invalidates, write_through};

#[invalidates("user:<id>", tags("users"), tags("names",))]
async fn rename(id: u64) {
    println!("{id}");
}

#[write_through(key = "user:<id>", ttl = 60, invalidates("users"), invalidates("names"))]
async fn save(id: u64) -> String {
    id.to_string()
}

#[write_through(key = "user:<id>", ttl = 60, tags = ["users"], tags = ["user:<id>"])]
async fn store(id: u64) -> String {
    id.to_string()
}

fn main() {}
