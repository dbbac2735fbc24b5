// Misuse: a constant argument that depends on the call.
// Why: the policy of a function is a `static`.
// Instead: a constant; or `ttl`, which may depend on parameters.

use cache_runtime::cached;

#[cached(key = "user:<id>:<age>", ttl = 60, stale_if_error = age)]
async fn name(id: u64, age: u64) -> String {
    format!("{id}, {age}")
}

pub struct Names {
    pub version: u32,
}

impl Names {
    #[cached(key = "name:<id>", ttl = 60, version = self.version)]
    pub async fn name(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {}
