// Misuse: a batch over borrowed ids whose loads go on in the background.
// Why: what the ids borrow from may be gone by then.
// Instead: `&[String]`.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<names>", each = names, ttl = 60, stale_while_revalidate = 30)]
async fn lengths(names: &[&str]) -> HashMap<String, usize> {
    names.iter().map(|name| ((*name).to_owned(), name.len())).collect()
}

fn main() {}
