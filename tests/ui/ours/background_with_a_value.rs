// Misuse: a value for a flag.
// Why: there is only yes.
// Instead: `background`.

use cache_runtime::cached;

const USERS: cache_runtime::Policy = cache_runtime::Policy::ttl(60).xfetch();

#[cached(key = "user:<id>", policy = USERS, background = true)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
