// Misuse: an executor as the parameter of a writer.
// Why: its transaction is committed after the keys are settled.
// Instead: `transaction`, or `outside_transaction(conn)`.

use cache_runtime::invalidates;

pub trait Executor<'e> {
    fn forget(self, id: i64);
}

#[invalidates("user:<id>")]
async fn forget(executor: impl Executor<'_>, id: i64) {
    executor.forget(id);
}

fn main() {}
