// Misuse: a writer whose result is an alias of `Result<(), _>`.
// Why: the cache cannot know what the database holds.
// Instead: the row as the result, or `value = ...`.

use cache_runtime::write_through;

type Done = Result<(), String>;

#[write_through(key = "user:<id>", ttl = 60)]
async fn rename(id: u64) -> Done {
    Err(id.to_string())
}

fn main() {}
