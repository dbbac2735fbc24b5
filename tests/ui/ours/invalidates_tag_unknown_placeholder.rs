// Misuse: a tag that names what is no parameter.
// Why: it could not be filled.
// Instead: the name of the parameter.

use cache_runtime::invalidates;

#[invalidates("user:<id>", tags("tenant:<tennant>"))]
async fn update(tenant: &str, id: u64) {
    let _ = (tenant, id);
}

fn main() {}
