// Misuse: a refresh of a batch in the background by ids that cannot be taken to another thread.
// Why: the ids that are due are, with the load.
// Instead: `Arc<str>`.

use std::collections::HashMap;
use std::rc::Rc;

use cache_runtime::cached;

#[cached(key = "user:<names>", each = names, ttl = 60, stale_while_revalidate = 30)]
async fn lengths(names: &[Rc<str>]) -> HashMap<Rc<str>, usize> {
    names.iter().map(|name| (name.clone(), name.len())).collect()
}

fn main() {}
