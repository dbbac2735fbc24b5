// Misuse: a list in another key of a writer.
// Why: `<ids>` would be one key for all of them, which no reader of one has.
// Instead: `each = ids`.

use cache_runtime::write_through;

#[write_through(key = "team:<team>", ttl = 60, invalidates("user:<ids>"))]
async fn join(team: u64, ids: &[u64]) -> u64 {
    team + ids.len() as u64
}

fn main() {}
