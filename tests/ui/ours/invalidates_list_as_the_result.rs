// Misuse: a result that is a list, in a key of a writer.
// Why: `<return>` would be one key for all of it, which no reader of one has.
// Instead: `each = return`.

use cache_runtime::invalidates;

#[invalidates("user:<return>")]
async fn insert(names: &[String]) -> Result<Vec<u64>, String> {
    Ok(names.iter().map(|name| name.len() as u64).collect())
}

fn main() {}
