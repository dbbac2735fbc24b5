// Misuse: an argument without a name.
// Why: there are several keys, which are not alike.
// Instead: `key = ...` for the value's key, `invalidates(...)` for others.

use cache_runtime::write_through;

#[write_through("user:<id>", ttl = 60)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
