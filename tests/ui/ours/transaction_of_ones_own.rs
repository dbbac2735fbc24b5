// Misuse: an entity whose type is called like a transaction.
// Why: the attribute cannot tell it from a transaction of a database.
// Instead: `outside_transaction(payment)`, or another name for the type.

use cache_runtime::invalidates;

pub struct Transaction {
    pub id: u64,
}

#[invalidates("payment:<payment.id>")]
async fn cancel(payment: &Transaction) {
    let _ = payment.id;
}

fn main() {}
