//! One term of leadership: what the leader holds, and how it takes writes from the queue.

use std::time::Duration;

use super::{
    buffer::WriteBuffer,
    leader_lease::LeaderLease,
    worker::{TermEnd, Worker},
};
use crate::{
    error::Error,
    store::{
        queue::{Item, Taken},
        queues::Source,
    },
};

/// How long one look for new writes waits for one.
const ARRIVAL_WAIT: Duration = Duration::from_secs(1);

pub(super) struct Term<'a> {
    pub(super) worker: &'a Worker,
    pub(super) lease: LeaderLease,
    pub(super) source: Source<'a>,
    pub(super) buffer: WriteBuffer,
}

impl<'a> Term<'a> {
    pub(super) fn new(worker: &'a Worker, lease: LeaderLease, source: Source<'a>) -> Self {
        Term { worker, lease, source, buffer: WriteBuffer::default() }
    }

    /// Takes everything that an earlier leader took and did not finish.
    pub(super) async fn take_unfinished(&mut self) -> Result<(), TermEnd> {
        let mut from = 0;
        loop {
            let (items, more) = self.take(self.worker.queue.settings.batch, Some(from)).await?;
            from = items.last().map_or(from, |item| item.seq + 1);
            self.buffer.extend(items);
            if !more {
                return Ok(());
            }
        }
    }

    /// Waits up to `wait` for more writes, if the batch has room for them.
    pub(super) async fn top_up(&mut self, wait: Duration) -> Result<(), TermEnd> {
        let room = self.worker.queue.settings.batch.saturating_sub(self.buffer.len());
        if room > 0 {
            let lingered = self.lease.while_held(self.worker.linger(wait)).await;
            lingered.ok_or(TermEnd::Over)?;
            let items = self.take(room, None).await?.0;
            self.buffer.extend(items);
        }
        Ok(())
    }

    /// Takes up to `most` writes, and says whether there are more of the same kind. With `unfinished`, it takes what
    /// an earlier leader took from that sequence number on; otherwise it takes new writes.
    pub(super) async fn take(
        &mut self,
        most: usize,
        unfinished: Option<i64>,
    ) -> Result<(Vec<Item>, bool), TermEnd> {
        let names = &self.worker.queue.names;
        let taken = self.source.take(names, self.lease.token(), most, unfinished);
        let taken = self.worker.unless_stopped(self.lease.while_held(taken)).await?;
        match taken {
            Some(Ok(Taken::Items { items, more })) => Ok((items, more)),
            Some(Ok(Taken::Deposed)) | None => Err(TermEnd::Over),
            // The store may have handed the writes out all the same. The next term finds them.
            Some(Err(error)) => Err(self.store_error(&error)),
        }
    }

    /// Waits until the queue has a new write, or for [`ARRIVAL_WAIT`].
    pub(super) async fn await_arrival(&mut self) -> Result<(), TermEnd> {
        let arrival = self.source.arrival(&self.worker.queue.names, ARRIVAL_WAIT);
        match self.worker.unless_stopped(self.lease.while_held(arrival)).await? {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(self.store_error(&error)),
            None => Err(TermEnd::Over),
        }
    }

    fn store_error(&self, error: &Error) -> TermEnd {
        let queue = &*self.worker.queue.names.title;
        tracing::warn!(queue, %error, "a flusher cannot take writes from its queue");
        self.worker.queue.counters.store_errors.add_one();
        TermEnd::Over
    }
}
