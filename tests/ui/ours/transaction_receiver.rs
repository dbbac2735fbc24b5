// Misuse: a method of a connection.
// Why: its transaction is committed after the keys are settled.
// Instead: `transaction`, or `outside_transaction(self)`.

use cache_runtime::invalidates;

pub struct PgConnection;

impl PgConnection {
    #[invalidates("user:<id>")]
    async fn forget(self: &mut PgConnection, id: u64) {
        let _ = id;
    }
}

fn main() {}
