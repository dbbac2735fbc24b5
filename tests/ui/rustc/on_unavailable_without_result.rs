// Misuse: `on_unavailable` on a function that returns no `Result`.
// Why: there is nothing in which to say no.
// Instead: a `Result`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, on_unavailable = "error")]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
