// Misuse: tags without quotes.
// Why: a tag is a template, which is a string.
// Instead: `tags("org:<org>")`.

use cache_runtime::invalidates;

#[invalidates("user:<id>", tags(org:<org>))]
async fn rename(id: u64, org: u64) {
    println!("{id} of {org}");
}

fn main() {}
