// Misuse: a misspelt `return`.
// Why: there is no such parameter.
// Instead: `<return>`.

use cache_runtime::write_through;

#[write_through(key = "user:<retrun>", ttl = 60)]
async fn rename(id: u64) -> String {
    id.to_string()
}

fn main() {}
