// Misuse: a tag that names what is no parameter.
// Why: it could not be filled.
// Instead: the name of the parameter.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, tags = ["tenant:<tennant>"], skip(tenant))]
async fn name(tenant: &str, id: u64) -> String {
    format!("{tenant} {id}")
}

fn main() {}
