// Misuse: braces around `return`.
// Why: braces are literal text.
// Instead: angle brackets.

use cache_runtime::write_through;

#[write_through(key = "user:{return}", ttl = 60)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
