// Misuse: `lock` on a writer.
// Why: it is readers who wait for one another.
// Instead: no `lock`.

use cache_runtime::write_through;

#[write_through(key = "user:<id>", ttl = 60, lock)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
