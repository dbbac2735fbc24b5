// Misuse: a tuple with a transaction as a parameter.
// Why: rows that it reads may never commit.
// Instead: `transaction`, and a call within `cache_runtime::transaction(..)`.

use cache_runtime::cached;

pub struct Transaction<'c>(pub &'c u64);

#[cached(key = "user:<context.1>", ttl = 60)]
async fn name(context: (&mut Transaction<'_>, u64)) -> String {
    context.1.to_string()
}

fn main() {}
