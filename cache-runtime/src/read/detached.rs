//! Futures of a type that need not be known, and tasks of their own for them: compiled once.

use std::{future::Future, pin::Pin};

/// A future that owns all that it needs.
pub(crate) type DynFuture<O> = Pin<Box<dyn Future<Output = O> + Send>>;

/// Runs `future` in a task of its own.
pub(super) fn spawn(future: DynFuture<()>) {
    tokio::spawn(future);
}
