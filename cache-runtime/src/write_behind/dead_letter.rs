//! Dead letters: writes that the database refused, to be looked at, queued again, or given up.

use super::{Decode, WriteBehind, batch_fn::read};
use crate::{
    encoding::Encoding,
    error::Error,
    store::queue::{Letter, Replayed},
    store_op::Asked,
    time::nonce,
};

/// A write that the database refused, though it took others.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter<T> {
    /// The stored key.
    pub key: String,
    /// What was to be written. An error where it cannot be read, as after its type has changed.
    pub value: Result<T, Error>,
    /// What the batch function said in the end.
    pub error: String,
    /// In how many runs of it this write was.
    pub attempts: u32,
    /// The place that it had in the queue.
    pub seq: i64,
    id: String,
}

impl<T> WriteBehind<T> {
    /// Puts a dead letter back: it is written anew, at the end of the queue, and is what readers get. False
    /// where there is no such letter any more.
    ///
    /// A newer write is never undone by it: a write that the queue accepts for the same key removes the dead
    /// letter. What has been written past the queue meanwhile is, though.
    ///
    /// # Errors
    ///
    /// As [`write`](WriteBehind::write).
    pub async fn replay(&self, letter: &DeadLetter<T>) -> Result<bool, Error> {
        let queue = &self.queue;
        let (guard, capacity) = (queue.guard()?, queue.settings.capacity);
        let id = (&*letter.id, &*letter.key);
        let mut room = queue.room();
        loop {
            let replayed = guard.store().replay(&queue.names, id, nonce(), capacity);
            match guard.bounded(Asked::queue(1), &letter.key, room.left(), replayed).await? {
                Replayed::Queued => return Ok(true),
                Replayed::Gone => return Ok(false),
                Replayed::Full(queued) => room.wait(queued).await?,
            }
        }
    }

    /// Gives a dead letter up. False where there was none any more.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer within [`wait`](WriteBehind::wait).
    pub async fn discard(&self, letter: &DeadLetter<T>) -> Result<bool, Error> {
        let guard = self.queue.guard()?;
        let id = (&*letter.id, &*letter.key);
        self.queue.answer(&self.queue.names.dead, guard.store().forget(&self.queue.names, id)).await
    }

    /// The dead letters, the oldest first, `most` at most.
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
        let (key, value) = (item.key.to_string(), read(decode, encoding, &item));
        DeadLetter { key, value, error, attempts, seq: item.seq, id }
    }
}
