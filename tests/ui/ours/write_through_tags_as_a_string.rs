// Misuse: one tag without its brackets.
// Why: the two forms mean different things.
// Instead: `tags(...)` or `tags = [...]`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, tags = "users")]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
