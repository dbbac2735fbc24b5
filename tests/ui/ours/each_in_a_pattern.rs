// Misuse: a list that is part of a pattern.
// Why: the body gets another list in its place, of which the type has to be known.
// Instead: a parameter that is the list.

use std::collections::HashMap;

use cache_runtime::cached;

pub struct Json<T>(T);

#[cached(key = "user:<ids>", each = ids, ttl = 60)]
async fn names(Json(ids): Json<Vec<u64>>) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
