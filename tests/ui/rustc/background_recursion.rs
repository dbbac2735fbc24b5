// Misuse: a function that calls itself, whose loads may go on in the background.
// Why: such a load is sent to another thread, and the compiler cannot tell within a function whether its future can be.
// Instead: a call through a function that returns the future in a box, with its type: `Pin<Box<dyn Future<Output = u64> + Send>>`.

use cache_runtime::cached;

#[cached(key = "depth:<id>", ttl = 60, stale_while_revalidate = 30)]
pub async fn depth(id: u64) -> u64 {
    if id == 0 { 0 } else { Box::pin(depth(id / 2)).await + 1 }
}

fn main() {}
