// Misuse: a closure that makes the key.
// Why: an expression sees the parameters anyway.
// Instead: its body.

use cache_runtime::cached;

#[cached(key = |id: u64| format!("user:{id}"), ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
