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

use self::operation::Begun;
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
pub(crate) async fn writes<S, H, F>(
    through: Through<'_>,
    leave: Leave,
    refuse: Option<Refusal<S>>,
    hooks: H,
    body: F,
) -> S::Output
where
    S: Shape,
    H: FnOnce(&S::Value, &mut Leave),
    F: Future<Output = S::Output>,
{
    let (output, written) = write::<S, H, F>(through, leave, refuse, hooks, body).await;
    if let Some(Written { begun, leave, others }) = written {
        Box::pin(begun.end(leave, others)).await;
    }
    output
}

/// As [`writes`], of an output that cannot be taken to another thread: it is not held while the keys are settled. What of that
/// takes time goes on in a task, and the fences stand until then.
pub(crate) async fn writes_apart<S, H, F>(
    through: Through<'_>,
    leave: Leave,
    refuse: Option<Refusal<S>>,
    hooks: H,
    body: F,
) -> S::Output
where
    S: Shape,
    H: FnOnce(&S::Value, &mut Leave),
    F: Future<Output = S::Output>,
{
    let (output, written) = write::<S, H, F>(through, leave, refuse, hooks, body).await;
    if let Some(Written { begun, leave, others }) = written {
        begun.end_apart(leave, others);
    }
    output
}

/// A write that has ended and is not settled.
struct Written<'a> {
    begun: Begun<'a>,
    leave: Leave,
    /// What its body has fenced besides.
    others: Vec<Fence>,
}

/// Runs a writer's body under its fences. What it returns comes with what is to be settled; nothing is, of a write that was
/// refused.
///
/// The keys are settled whatever the body returned, since an error may hide a commit; a value takes the entry's
/// place only where the body returned one. Where there is a refusal, the body does not run unless all its keys are fenced. A body
/// that is dropped or panics leaves the fences standing: its statement may yet be committed.
async fn write<'a, S, H, F>(
    through: Through<'a>,
    mut leave: Leave,
    refuse: Option<Refusal<S>>,
    hooks: H,
    body: F,
) -> (S::Output, Option<Written<'a>>)
where
    S: Shape,
    H: FnOnce(&S::Value, &mut Leave),
    F: Future<Output = S::Output>,
{
    let begun = match Box::pin(through.begin(refuse.is_some())).await {
        Ok(begun) => begun,
        Err(error) => return (refused(refuse, error), None),
    };
    let (output, others) = within::run(begun.inner, begun.policy.version, body).await;
    let output = match S::split(output) {
        Ok(stored) => {
            match S::value(&stored) {
                Some(value) => hooks(value, &mut leave),
                None => leave.absent(),
            }
            leave.declare();
            S::join(stored)
        }
        Err(failed) => {
            leave.nothing();
            failed
        }
    };
    (output, Some(Written { begun, leave, others }))
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
