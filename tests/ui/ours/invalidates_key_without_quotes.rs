// Misuse: a template without quotes.
// Why: it is text.
// Instead: `#[invalidates("user:<id>")]`.

use cache_runtime::invalidates;

#[invalidates(user:<id>)]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
