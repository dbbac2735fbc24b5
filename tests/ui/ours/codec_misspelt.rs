// Misuse: a misspelt codec.
// Why: there is none of that name.
// Instead: its name.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, codec = msgpak)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
