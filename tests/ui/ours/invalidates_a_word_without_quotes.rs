// Misuse: keys and tags that are words, without quotes.
// Why: they would be variables.
// Instead: `#[invalidates("users", tags("teams"))]`.

use cache_runtime::invalidates;

#[invalidates(users, tags(teams))]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
