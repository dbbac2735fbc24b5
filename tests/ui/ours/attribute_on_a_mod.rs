// Misuse: an attribute on a module.
// Why: it belongs to one function, whose parameters the key names.
// Instead: on the functions inside.

use cache_runtime::cached;

#[cached(key = "name:<id>", ttl = 60)]
mod names {
    pub async fn name(id: u64) -> String {
        id.to_string()
    }
}

fn main() {}
