// Misuse: `value` in brackets.
// Why: it is one expression.
// Instead: `value = ...`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, value(id))]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
