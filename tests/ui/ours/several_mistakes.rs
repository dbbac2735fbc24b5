// Misuse: several mistakes at once.
// Why: each has a message of its own, so that they can be put right together.
// Instead: what the messages say.

use cache_runtime::cached;

pub struct Transaction<'c>(&'c ());

#[cached(key = "user:<user_di>", ttl = 0, lokc, version = "2", skip(conm))]
fn name(user_id: u64, locale: &str, conn: &str, tx: Transaction<'_>) -> impl Sized {
    (user_id, locale.len(), conn.len(), tx.0)
}

fn main() {}
