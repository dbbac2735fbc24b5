//! Waiting for what has to happen, and for no longer than it reasonably can take.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// What has not happened by then never will. No test depends on how long a thing takes below this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(5);

/// Waits for `future`.
///
/// # Panics
///
/// Where it takes so long that it hangs.
pub async fn in_time<F: Future>(what: &str, future: F) -> F::Output {
    match timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Looks at `condition` until it holds.
///
/// # Panics
///
/// Where it takes so long that it never will.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !in_time(what, condition()).await {
        assert!(Instant::now() < until, "it did not come to this: {what}");
        sleep(LOOK).await;
    }
}
