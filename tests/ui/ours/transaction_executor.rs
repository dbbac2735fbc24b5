// Misuse: an executor as the parameter of a cached function.
// Why: rows that it reads may never be committed.
// Instead: `transaction`, or `outside_transaction(conn)`.

use cache_runtime::cached;

pub trait Executor<'e> {
    fn name(self, id: i64) -> String;
}

#[cached(key = "user:<id>", ttl = 60, skip(executor))]
async fn name<'e, E: Executor<'e>>(executor: E, id: i64) -> String {
    executor.name(id)
}

fn main() {}
