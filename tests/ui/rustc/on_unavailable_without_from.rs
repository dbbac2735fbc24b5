// Misuse: an error that cannot be made from the cache's.
// Why: the function has to return one of its own.
// Instead: `impl From<cache_runtime::Error> for DbError`.

use cache_runtime::invalidates;

struct DbError;

#[invalidates("user:<id>", on_unavailable = "error")]
async fn rename(id: u64) -> Result<(), DbError> {
    drop(id);
    Ok(())
}

fn main() {}
