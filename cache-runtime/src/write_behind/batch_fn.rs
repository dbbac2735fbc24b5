//! The user's batch function with its types erased, as the flusher calls it.

use std::{
    fmt,
    future::Future,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

use super::{Decode, buffer::BufferedWrite};
use crate::{encoding::Encoding, error::Error, store::queue::Item};

/// A value of a batch, with its sequence number in the queue.
///
/// The sequence number lets a database reject a write that arrives too late: see
/// [what is not promised](crate::WriteBehind#what-is-not).
///
/// ```sql
/// INSERT INTO users (id, name, seq) VALUES (?, ?, ?), …
/// ON CONFLICT (id) DO UPDATE SET name = excluded.name, seq = excluded.seq WHERE users.seq < excluded.seq
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queued<T> {
    /// Greater than the sequence number of every write that the queue accepted before: the store's clock in
    /// microseconds, or one more than the last number. It is never negative and never reused, even where a queue was
    /// lost and started anew.
    pub seq: i64,
    /// The value.
    pub value: T,
}

impl<T> Deref for Queued<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// What a batch function may take a `Vec` of: the values of the queue, or [`Queued`] values.
#[diagnostic::on_unimplemented(
    message = "a batch of this queue has no `{Self}`",
    label = "neither the queue's values nor `Queued` ones",
    note = "the batch function takes a `Vec<{T}>`, or a `Vec<Queued<{T}>>`"
)]
pub trait BatchItem<T>: Sized {
    /// Makes the item from a value and its sequence number.
    fn new(seq: i64, value: T) -> Self;
}

impl<T> BatchItem<T> for T {
    fn new(_: i64, value: T) -> T {
        value
    }
}

impl<T> BatchItem<T> for Queued<T> {
    fn new(seq: i64, value: T) -> Queued<T> {
        Queued { seq, value }
    }
}

/// A batch function. It decodes the whole batch before it starts, because another version of the program may have
/// written a value that this one cannot decode.
pub(super) type BatchFn = dyn Fn(&[BufferedWrite]) -> Result<BatchRun, Undecodable> + Send + Sync;

/// One run of a batch function.
pub(super) type BatchRun = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The first value that cannot be decoded.
pub(super) struct Undecodable {
    /// Its index in the batch.
    pub(super) at: usize,
    pub(super) error: String,
}

/// Erases the types of a batch function.
pub(super) fn erase<T, B, F, Fut, O, E>(
    decode: Decode<T>,
    encoding: Encoding,
    flush: F,
) -> Box<BatchFn>
where
    T: 'static,
    B: BatchItem<T> + Send + 'static,
    F: Fn(Vec<B>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
    E: fmt::Display,
{
    let flush = Arc::new(flush);
    Box::new(move |writes| {
        let mut batch = Vec::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            // A value whose decoding panics must not end the flusher: it would end each successor too. The closure
            // changes nothing of ours, so it is unwind safe.
            let value = catch_unwind(AssertUnwindSafe(|| {
                let value = decode_item(decode, &encoding, &write.item)?;
                Ok::<_, Error>(B::new(write.item.seq, value))
            }));
            let value = value.unwrap_or_else(|_| Err(Error::Codec("decoding it panicked".into())));
            batch.push(value.map_err(|e| Undecodable { at, error: e.to_string() })?);
        }
        let flush = Arc::clone(&flush);
        Ok(Box::pin(async move { flush(batch).await.map(drop).map_err(|e| e.to_string()) }))
    })
}

/// Decodes the value of an item.
pub(super) fn decode_item<T>(
    decode: Decode<T>,
    encoding: &Encoding,
    item: &Item,
) -> Result<T, Error> {
    match &item.entry {
        Some(entry) => decode(entry, encoding),
        None => Err(Error::Codec("this version of the library cannot decode it".to_owned())),
    }
}
