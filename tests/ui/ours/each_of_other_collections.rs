// Misuse: `each` over collections that are no slice and no `Vec`.
// Why: the body gets another list, of the elements that missed.
// Instead: a slice or a `Vec`.

use std::collections::{HashMap, HashSet};

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids, ttl = 60)]
async fn of_a_set(ids: &HashSet<u64>) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

#[cached(key = "user:<ids>", each = ids, ttl = 60)]
async fn of_an_iterator(ids: impl Iterator<Item = u64>) -> HashMap<u64, String> {
    ids.map(|id| (id, id.to_string())).collect()
}

fn main() {}
