// Misuse: `outside_transaction` with something else than names.
// Why: it says of parameters that they never are in a transaction.
// Instead: `outside_transaction(conn)`, and `transaction` alone.

use cache_runtime::{cached, invalidates};

#[cached(key = "user:<conn>", ttl = 60, outside_transaction("conn"))]
async fn name(conn: u64) -> String {
    conn.to_string()
}

#[invalidates("user:<conn>", outside_transaction = conn)]
async fn forget(conn: u64) {
    let _ = conn;
}

#[invalidates("user:<id>", transaction = true)]
async fn forget_one(id: u64) {
    let _ = id;
}

fn main() {}
