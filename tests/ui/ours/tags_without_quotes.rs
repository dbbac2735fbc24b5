// Misuse: tags without quotes.
// Why: a tag is a template, which is a string.
// Instead: `tags = ["org:<org>"]`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, tags = ["users", org:<org>], skip(org))]
async fn name(id: u64, org: u64) -> String {
    format!("{id} of {org}")
}

fn main() {}
