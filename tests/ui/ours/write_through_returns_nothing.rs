// Misuse: a writer that returns nothing, and does not say what is to be kept.
// Why: the cache cannot know what the database holds.
// Instead: the row as the result, or `value = ...`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60)]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
