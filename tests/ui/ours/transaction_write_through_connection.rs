// Misuse: a connection, as diesel-async calls it, as the parameter of a function that writes through.
// Why: its transaction is committed after the value is stored, or never.
// Instead: `transaction`, or `outside_transaction(conn)`.

use cache_runtime::write_through;

pub struct AsyncPgConnection;

#[write_through(key = "user:<id>", ttl = 60)]
async fn rename(conn: &mut AsyncPgConnection, id: u64) -> String {
    let _ = conn;
    id.to_string()
}

fn main() {}
