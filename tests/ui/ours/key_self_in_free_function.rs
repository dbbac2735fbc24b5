// Misuse: `<self.…>` in the key of a free function.
// Why: there is no `self`.
// Instead: a parameter.

use cache_runtime::cached;

#[cached(key = "user:<self.tenant>:<id>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
