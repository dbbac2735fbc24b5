// Misuse: `outside_transaction` with a name that is no parameter.
// Why: the parameter that is meant would not be told.
// Instead: the parameter's name.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, outside_transaction(con))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
