//! Futures of a type that need not be known, and tasks of their own for them: compiled once.

use std::{future::Future, pin::Pin};

use crate::shared::WrapBackground;

/// A future that owns all that it needs.
pub(crate) type DynFuture<O> = Pin<Box<dyn Future<Output = O> + Send>>;

/// Runs `future` in a task of its own.
pub(super) fn spawn(future: DynFuture<()>) {
    tokio::spawn(future);
}

/// Runs a load in a task of its own. It takes along of its caller what the cache was built to carry.
pub(super) fn spawn_load(wrap: Option<WrapBackground>, load: DynFuture<()>) {
    spawn(match wrap {
        Some(wrap) => wrap(load),
        None => load,
    });
}
