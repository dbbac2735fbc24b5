//! Dead letters: writes that the database refused, to be inspected, queued again, or discarded.

use super::{Decode, WriteBehind, batch_fn::decode_item};
use crate::{
    encoding::Encoding,
    error::Error,
    store::queue::{Letter, Replayed},
    store_op::StoreOp,
    time::nonce,
};

/// A write that the database refused, although it accepted others.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter<T> {
    /// The stored key.
    pub key: String,
    /// The value to be written. An error where it cannot be decoded, for example because its type has changed.
    pub value: Result<T, Error>,
    /// The last error of the batch function.
    pub error: String,
    /// How many runs of the batch function had this write in them.
    pub attempts: u32,
    /// The sequence number that it had in the queue.
    pub seq: i64,
    id: String,
}

impl<T> WriteBehind<T> {
    /// Queues a dead letter again, at the end of the queue, and makes its value what readers of the key get. Returns
    /// false where the letter does not exist any more.
    ///
    /// It never undoes a newer write of the queue: when the queue accepts a write of the same key, the dead letter is
    /// removed. It can undo a newer write that bypassed the queue.
    ///
    /// # Errors
    ///
    /// As [`write`](WriteBehind::write).
    pub async fn replay(&self, letter: &DeadLetter<T>) -> Result<bool, Error> {
        let queue = &self.queue;
        let (guard, capacity) = (queue.guard()?, queue.settings.capacity);
        let id = (&*letter.id, &*letter.key);
        let mut wait = queue.capacity_wait();
        loop {
            let replayed = guard.store().replay(&queue.names, id, nonce(), capacity);
            match guard.bounded(StoreOp::queue(1), &letter.key, wait.left(), replayed).await? {
                Replayed::Queued => return Ok(true),
                Replayed::Gone => return Ok(false),
                Replayed::Full(queued) => wait.pause(queued).await?,
            }
        }
    }

    /// Discards a dead letter. Returns false where it does not exist any more.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer within [`wait`](WriteBehind::wait).
    pub async fn discard(&self, letter: &DeadLetter<T>) -> Result<bool, Error> {
        let guard = self.queue.guard()?;
        let id = (&*letter.id, &*letter.key);
        self.queue.answer(&self.queue.names.dead, guard.store().forget(&self.queue.names, id)).await
    }

    /// Up to `most` dead letters, the oldest first.
    ///
    /// ```
    /// # async fn example(users: cache_runtime::WriteBehind<String>) -> Result<(), cache_runtime::Error> {
    /// for letter in users.dead_letters(100).await? {
    ///     println!("{}: {}", letter.key, letter.error);
    ///     users.replay(&letter).await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer within [`wait`](WriteBehind::wait).
    pub async fn dead_letters(&self, most: usize) -> Result<Vec<DeadLetter<T>>, Error> {
        let guard = self.queue.guard()?;
        let letters = self
            .queue
            .answer(&self.queue.names.dead, guard.store().letters(&self.queue.names, most))
            .await?;
        let (decode, encoding) = (self.coding.decode, &self.queue.policy.encoding);
        Ok(letters.into_iter().map(|letter| DeadLetter::of(letter, decode, encoding)).collect())
    }
}

impl<T> DeadLetter<T> {
    fn of(letter: Letter, decode: Decode<T>, encoding: &Encoding) -> Self {
        let Letter { id, item, error, attempts } = letter;
        let (key, value) = (item.key.to_string(), decode_item(decode, encoding, &item));
        DeadLetter { key, value, error, attempts, seq: item.seq, id }
    }
}
