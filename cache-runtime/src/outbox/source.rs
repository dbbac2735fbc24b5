//! What a follower needs of an outbox.

use std::{fmt, future::Future, time::Duration};

use super::Change;

/// A source of changed keys and tags, which a database records in its own transactions.
///
/// The follower calls one method at a time. A call that takes longer than 30 s is dropped and counts as failed. After a failure the
/// follower waits, for 100 ms at first and for 2 s at most, and tries again.
///
/// # Cancellation
///
/// Any of the futures may be dropped: when it has taken too long, and those of [`take`](Outbox::take) and
/// [`arrival`](Outbox::arrival) when the follower is told to stop. So what `take` has taken has to become
/// available again by itself: because a transaction ends, or a time is over.
pub trait Outbox: Send + Sync + 'static {
    /// What identifies the changes of one call of [`take`](Outbox::take): their ids, or the transaction that has locked
    /// them. If it is dropped, they are not confirmed.
    type Receipt: Send + 'static;

    /// What a call fails with. It is logged.
    type Error: fmt::Display + Send;

    /// Takes `most` changes at most, the oldest first: committed ones only, and none that another follower has taken and not
    /// finished. Returns none where there is none, without waiting.
    ///
    /// Do not remember the last id that was taken, and continue after it: transactions commit in another order than they
    /// draw their ids. Delete what is confirmed instead.
    fn take(
        &self,
        most: usize,
    ) -> impl Future<Output = Result<Taken<Self::Receipt>, Self::Error>> + Send;

    /// Ends what [`take`](Outbox::take) has begun. `confirmed` has a mark for each of the changes, in their order: those that are
    /// marked are invalidated, and are to be removed. The others are to be given back; a moment later, so that others come
    /// first.
    fn finish(
        &self,
        receipt: Self::Receipt,
        confirmed: &[bool],
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Returns when there may be new changes. It may return early. The follower looks every second by itself, so a
    /// notification that is lost costs a second.
    fn arrival(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What the outbox holds: for the statistics, once a second.
    fn backlog(&self) -> impl Future<Output = Result<Backlog, Self::Error>> + Send;
}

/// Some changes of an outbox.
#[derive(Clone, Debug)]
pub struct Taken<R> {
    /// The changes, the oldest first.
    pub changes: Vec<Change>,
    /// What [`Outbox::finish`] is given back.
    pub receipt: R,
}

/// What an outbox holds: everything that is not confirmed, including what followers have taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The number of changes.
    pub changes: u64,
    /// The age of the oldest one. Zero where there is none.
    pub oldest: Duration,
}
