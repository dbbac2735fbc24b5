// Misuse: a call with arguments in a placeholder.
// Why: a placeholder is a parameter, or a field or a method without arguments of one.
// Instead: an expression: `key = UserKey { ... }`.

use cache_runtime::cached;

#[cached(key = "user:<id.pow(2)>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
