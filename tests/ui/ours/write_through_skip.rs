// Misuse: `skip` on a writer.
// Why: its key may name whatever it likes.
// Instead: no `skip`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, skip(id))]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
