// Misuse: what may be a connection or a transaction, as sea-orm writes it.
// Why: rows that it reads may never be committed.
// Instead: `transaction`, or `outside_transaction(conn)`.

use cache_runtime::cached;

pub trait ConnectionTrait {
    fn name(&self, id: u64) -> String;
}

#[cached(key = "user:<id>", ttl = 60, skip(db))]
async fn name<C: ConnectionTrait>(db: &C, id: u64) -> String {
    db.name(id)
}

fn main() {}
