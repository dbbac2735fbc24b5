//! Calls on the embedded store, on a paused clock.

mod bounds;
mod many;
mod reentry;

use std::time::Duration;

use tokio::{task::yield_now, time};

async fn pass(seconds: u64) {
    time::advance(Duration::from_secs(seconds)).await;
}

/// Lets tasks in the background go on until they wait for the clock, or end.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}
