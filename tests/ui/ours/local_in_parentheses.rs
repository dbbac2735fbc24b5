// Misuse: a time for local copies in parentheses.
// Why: it is a value of the argument, as that of `ttl` is.
// Instead: `local = "30s"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, local("30s"))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
