//! One term of leadership: take what waits, flush it, and again.

use std::{convert::Infallible, time::Duration};

use super::{
    Settings,
    buffer::Hand,
    flusher::{End, Worker},
    leadership::Leadership,
};
use crate::store::queue::{Item, Source, Taken};

/// How long a look for new writes waits for one.
const WAIT: Duration = Duration::from_secs(1);

pub(super) struct Term<'a> {
    pub(super) worker: &'a Worker,
    pub(super) leadership: Leadership,
    pub(super) source: Source<'a>,
    pub(super) hand: Hand,
}

impl<'a> Term<'a> {
    pub(super) fn new(worker: &'a Worker, leadership: Leadership, source: Source<'a>) -> Self {
        Term { worker, leadership, source, hand: Hand::default() }
    }

    /// Works until it is over.
    pub(super) async fn serve(&mut self) -> End {
        match self.work().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn work(&mut self) -> Result<Infallible, End> {
        let Settings { batch, linger, .. } = self.worker.queue.settings;
        self.take_up().await?;
        loop {
            self.flush().await?;
            let items = self.take(batch, None).await?.0;
            if items.is_empty() {
                self.arrival().await?;
            } else {
                self.hand.extend(items);
                self.top_up(linger).await?;
            }
        }
    }

    /// Takes all that somebody took before this term, and did not finish.
    async fn take_up(&mut self) -> Result<(), End> {
        let mut from = 0;
        loop {
            let (items, more) = self.take(self.worker.queue.settings.batch, Some(from)).await?;
            from = items.last().map_or(from, |item| item.seq + 1);
            self.hand.extend(items);
            if !more {
                return Ok(());
            }
        }
    }

    /// Waits a while for more where there is room for it in a batch.
    pub(super) async fn top_up(&mut self, wait: Duration) -> Result<(), End> {
        let room = self.worker.queue.settings.batch.saturating_sub(self.hand.len());
        if room > 0 {
            let lingered = self.leadership.during(self.worker.linger(wait)).await;
            lingered.ok_or(End::Over)?;
            let items = self.take(room, None).await?.0;
            self.hand.extend(items);
        }
        Ok(())
    }

    /// Takes writes, and says whether there are more like these.
    pub(super) async fn take(
        &mut self,
        most: usize,
        again: Option<i64>,
    ) -> Result<(Vec<Item>, bool), End> {
        let names = &self.worker.queue.names;
        let taken = self.source.take(names, self.leadership.token(), most, again);
        let taken = self.worker.unless_stopped(self.leadership.during(taken)).await?;
        match taken {
            Some(Ok(Taken::Items { items, more })) => Ok((items, more)),
            Some(Ok(Taken::Deposed)) | None => Err(End::Over),
            // The store may have given them out all the same: the next term finds them.
            Some(Err(error)) => Err(self.trouble(&error)),
        }
    }

    async fn arrival(&mut self) -> Result<(), End> {
        let arrival = self.source.arrival(&self.worker.queue.names, WAIT);
        match self.worker.unless_stopped(self.leadership.during(arrival)).await? {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(self.trouble(&error)),
            None => Err(End::Over),
        }
    }

    fn trouble(&self, error: &crate::error::Error) -> End {
        let queue = &*self.worker.queue.names.title;
        tracing::warn!(queue, %error, "a flusher has trouble with the cache's store");
        self.worker.queue.counters.store_errors.add_one();
        End::Over
    }
}
