// Misuse: another word for `on_unavailable` than `"error"`.
// Why: there is one other way, and it is the default.
// Instead: `on_unavailable = "error"`, or nothing.

use cache_runtime::invalidates;

#[invalidates("user:<id>", on_unavailable = "ignore")]
async fn rename(id: u64) -> Result<(), cache_runtime::Error> {
    drop(id);
    Ok(())
}

fn main() {}
