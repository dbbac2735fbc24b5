// Misuse: a connection as the parameter of a cached function.
// Why: rows that it reads may never be committed.
// Instead: `transaction`, or `outside_transaction(conn)`.

use cache_runtime::cached;

pub struct SqliteConnection;

#[cached(key = "user:<id>", ttl = 60, skip(conn))]
async fn name(conn: &mut SqliteConnection, id: i64) -> String {
    let _ = conn;
    id.to_string()
}

fn main() {}
