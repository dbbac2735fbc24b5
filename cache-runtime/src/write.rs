//! The writer flows: fence the keys, let the write happen, settle.
//!
//! Both attributes and their programmatic twins go through [`writes`]; what differs is whether a value is left.

mod fence;
mod invalidate;
mod operation;
mod put;
mod result;
mod tags;
pub(crate) mod within;

use std::future::Future;

pub use self::{fence::Fence, result::Leave};
pub(crate) use self::{
    invalidate::{invalidate, invalidate_all},
    operation::Through,
    put::{log_not_put, put},
    result::Stores,
};
use crate::{error::Error, return_shape::Shape};

/// What a writer of this shape returns whose write is refused.
pub(crate) type Refusal<S> = fn(Error) -> <S as Shape>::Output;

/// Runs a writer's body under its fences, and settles them with what the body leaves.
///
/// The keys are settled whatever the body returned, since an error may hide a commit; a value takes the entry's
/// place only where the body returned one. Where there is a refusal, the body does not run unless all its keys are fenced. A body that is dropped or panics leaves the fences standing: its
/// statement may yet be committed.
pub(crate) async fn writes<S, H, F>(
    through: Through<'_>,
    mut leave: Leave,
    refuse: Option<Refusal<S>>,
    hooks: H,
    body: F,
) -> S::Output
where
    S: Shape,
    H: FnOnce(&S::Value, &mut Leave),
    F: Future<Output = S::Output>,
{
    let begun = match Box::pin(through.begin_if(refuse.is_some())).await {
        Ok(begun) => begun,
        Err(error) => return refused(refuse, error),
    };
    let (output, others) = within::run(begun.inner, begun.policy.version, body).await;
    match S::split(output) {
        Ok(stored) => {
            match S::value(&stored) {
                Some(value) => hooks(value, &mut leave),
                None => leave.absent(),
            }
            leave.declare();
            Box::pin(begun.end(leave, others)).await;
            S::join(stored)
        }
        Err(failed) => {
            leave.nothing();
            Box::pin(begun.end(leave, others)).await;
            failed
        }
    }
}

/// As [`writes`], of an output that cannot be taken to another thread: it is not held while the keys are settled. What of that
/// takes time goes on in a task, and the fences stand until then.
pub(crate) async fn writes_apart<S, H, F>(
    through: Through<'_>,
    mut leave: Leave,
    refuse: Option<Refusal<S>>,
    hooks: H,
    body: F,
) -> S::Output
where
    S: Shape,
    H: FnOnce(&S::Value, &mut Leave),
    F: Future<Output = S::Output>,
{
    let begun = match Box::pin(through.begin_if(refuse.is_some())).await {
        Ok(begun) => begun,
        Err(error) => return refused(refuse, error),
    };
    let (output, others) = within::run(begun.inner, begun.policy.version, body).await;
    let output = match S::split(output) {
        Ok(stored) => {
            match S::value(&stored) {
                Some(value) => hooks(value, &mut leave),
                None => leave.nothing(),
            }
            leave.declare();
            S::join(stored)
        }
        Err(failed) => {
            leave.nothing();
            failed
        }
    };
    begun.end_apart(leave, others);
    output
}

/// What a writer returns whose write is refused.
fn refused<O>(refuse: Option<fn(Error) -> O>, error: Error) -> O {
    match refuse {
        Some(refuse) => refuse(error),
        None => unreachable!("only a writer that can refuse asks whether its keys are fenced"),
    }
}

#[cfg(test)]
mod tests;
