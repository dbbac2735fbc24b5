// Misuse: arguments of readers, of what is stored, and of queues.
// Why: nothing is loaded, stored or queued.
// Instead: without them.

use cache_runtime::invalidates;

#[invalidates("user:<id>", unless = |user: &u64| *user == 0, codec = json, queue = "users")]
async fn rename(id: u64) {
    println!("{id}");
}

fn main() {}
