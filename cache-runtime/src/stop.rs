//! Work of a task that ends when the task is told to stop.

use std::{future::Future, pin::pin};

use futures_util::future::{Either, select};
use tokio::sync::watch;

/// Runs `work`, unless the task is told to stop meanwhile: the signal is something that `stops`, or its sender is gone. `work`
/// is dropped then.
pub(crate) async fn unless_stopped<T, F: Future>(
    signal: &watch::Receiver<T>,
    stops: impl FnMut(&T) -> bool,
    work: F,
) -> Option<F::Output> {
    let mut signal = signal.clone();
    let stop = pin!(signal.wait_for(stops));
    match select(pin!(work), stop).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}
