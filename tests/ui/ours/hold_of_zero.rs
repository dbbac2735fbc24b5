// Misuse: fences that are held for no time.
// Why: they end with the write anyway.
// Instead: for how long a replica may lag behind.

use cache_runtime::invalidates;

#[invalidates("user:<id>", hold = 0)]
async fn delete(id: u64) {
    let _ = id;
}

fn main() {}
