//! The user's batch function, as the flusher sees it: without its types.

use std::{
    fmt,
    future::Future,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

use super::{Decode, buffer::Slot};
use crate::{encoding::Encoding, error::Error, store::queue::Item};

/// A value of a batch, with its place in the queue.
///
/// The place lets a database refuse what comes too late: see
/// [what is not promised](crate::WriteBehind#what-is-not).
///
/// ```sql
/// INSERT INTO users (id, name, seq) VALUES (?, ?, ?), …
/// ON CONFLICT (id) DO UPDATE SET name = excluded.name, seq = excluded.seq WHERE users.seq < excluded.seq
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queued<T> {
    /// Greater than that of every write that the queue accepted before: the store's clock in microseconds, or one
    /// more than the last. Never negative, and never reused, even where a queue was lost and began anew.
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

/// What a batch function may take a `Vec` of: the values of the queue, or [`Queued`] ones.
#[diagnostic::on_unimplemented(
    message = "a batch of this queue has no `{Self}`",
    label = "neither the queue's values nor `Queued` ones",
    note = "the batch function takes a `Vec<{T}>`, or a `Vec<Queued<{T}>>`"
)]
pub trait BatchItem<T>: Sized {
    /// The value in a place of the queue.
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

/// A batch function. It decodes before it begins, since a value of another version of the program may not
/// be readable.
pub(super) type Sink = dyn Fn(&[Slot]) -> Result<Write, Undecodable> + Send + Sync;

/// One run of it.
pub(super) type Write = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The first value that cannot be read, by its index.
pub(super) struct Undecodable {
    pub(super) at: usize,
    pub(super) error: String,
}

pub(super) fn erased<T, B, F, Fut, O, E>(
    decode: Decode<T>,
    encoding: Encoding,
    flush: F,
) -> Box<Sink>
where
    T: 'static,
    B: BatchItem<T> + Send + 'static,
    F: Fn(Vec<B>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
    E: fmt::Display,
{
    let flush = Arc::new(flush);
    Box::new(move |slots| {
        let mut batch = Vec::with_capacity(slots.len());
        for (at, slot) in slots.iter().enumerate() {
            // Nothing of ours is changed in there, and a flusher that a value could end would end with each successor.
            let value = catch_unwind(AssertUnwindSafe(|| {
                let value = read(decode, &encoding, &slot.item)?;
                Ok::<_, Error>(B::new(slot.item.seq, value))
            }));
            let value = value.unwrap_or_else(|_| Err(Error::Codec("reading it panicked".into())));
            batch.push(value.map_err(|e| Undecodable { at, error: e.to_string() })?);
        }
        let flush = Arc::clone(&flush);
        Ok(Box::pin(async move { flush(batch).await.map(drop).map_err(|e| e.to_string()) }))
    })
}

/// The value of an item.
pub(super) fn read<T>(decode: Decode<T>, encoding: &Encoding, item: &Item) -> Result<T, Error> {
    match &item.entry {
        Some(entry) => decode(entry, encoding),
        None => Err(Error::Codec("this version of the library cannot read it".to_owned())),
    }
}
