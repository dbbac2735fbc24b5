//! One term of leadership: take what waits, flush it, and again.

use std::time::Duration;

use super::{
    batch::Batch,
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
    /// There may be writes that somebody took before this term, and did not finish.
    backlog: bool,
}

impl<'a> Term<'a> {
    pub(super) fn new(worker: &'a Worker, leadership: Leadership, source: Source<'a>) -> Self {
        Term { worker, leadership, source, backlog: true }
    }

    /// Works until it is over.
    pub(super) async fn serve(&mut self) -> End {
        loop {
            if let Err(end) = self.turn().await {
                return end;
            }
        }
    }

    async fn turn(&mut self) -> Result<(), End> {
        let settings = self.worker.queue.settings;
        let mut batch = Batch::default();
        batch.extend(self.take(settings.batch).await?);
        if batch.is_empty() {
            self.arrival().await?;
            return Ok(());
        }
        self.top_up(&mut batch, settings.linger).await?;
        self.flush(batch).await
    }

    /// Waits a while for more where there is room for it, and adds it.
    pub(super) async fn top_up(&mut self, batch: &mut Batch, wait: Duration) -> Result<(), End> {
        let room = self.worker.queue.settings.batch.saturating_sub(batch.len());
        // What is new must not overtake what was there before.
        if room == 0 || self.backlog {
            return Ok(());
        }
        let lingered = self.leadership.during(self.worker.linger(wait)).await;
        lingered.ok_or(End::Over)?;
        batch.extend(self.take(room).await?);
        Ok(())
    }

    async fn take(&mut self, most: usize) -> Result<Vec<Item>, End> {
        let names = &self.worker.queue.names;
        let token = self.leadership.token();
        let taken = self.source.take(names, token, most, self.backlog);
        let taken = self.worker.unless_stopped(self.leadership.during(taken)).await?;
        match taken {
            Some(Ok(Taken::Items { items, more })) => {
                self.backlog = more;
                Ok(items)
            }
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
