// Misuse: a closure that tells whether a connection is in a transaction.
// Why: the parameters are there, so an expression over them will do.
// Instead: `transaction = conn.is_in_transaction()`.

use cache_runtime::cached;

pub struct SqliteConnection;

#[cached(key = "user:<id>", ttl = 60, skip(conn), transaction = |conn| conn.is_in_transaction())]
async fn name(conn: &mut SqliteConnection, id: i64) -> String {
    let _ = conn;
    id.to_string()
}

fn main() {}
