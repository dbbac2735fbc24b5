// Misuse: a connection that a `where` clause bounds.
// Why: its transaction is committed after the keys are settled.
// Instead: `transaction`, or `outside_transaction(conn)`.

use cache_runtime::invalidates;

pub trait Executor<'e> {
    fn forget(self, id: i64);
}

#[invalidates("user:<id>")]
async fn forget<C>(conn: &mut C, id: i64)
where
    for<'c> &'c mut C: Executor<'c>,
{
    conn.forget(id);
}

fn main() {}
