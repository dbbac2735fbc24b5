// Misuse: a closure over the values of a batch that mentions what the body may change.
// Why: the closures are kept while the body runs.
// Instead: `&Clock`.

use std::collections::HashMap;

use cache_runtime::cached;

struct Clock(u64);

#[cached(key = "user:<ids>", each = ids, ttl = |name: &String| clock.0 + name.len() as u64, skip(clock))]
async fn names(clock: &mut Clock, ids: &[u64]) -> HashMap<u64, String> {
    clock.0 += 1;
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
