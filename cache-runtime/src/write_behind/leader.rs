//! The leader's loop: take the writes that wait, flush them, repeat.

use std::convert::Infallible;

use super::{settings::QueueSettings, term::Term, worker::TermEnd};

/// Flushes the queue until the term ends.
pub(super) async fn lead(term: &mut Term<'_>) -> TermEnd {
    match flush_forever(term).await {
        Ok(never) => match never {},
        Err(end) => end,
    }
}

async fn flush_forever(term: &mut Term<'_>) -> Result<Infallible, TermEnd> {
    let QueueSettings { batch, linger, .. } = term.worker.queue.settings;
    term.take_unfinished().await?;
    loop {
        term.flush().await?;
        let items = term.take(batch, None).await?.0;
        if items.is_empty() {
            term.await_arrival().await?;
        } else {
            term.buffer.extend(items);
            term.top_up(linger).await?;
        }
    }
}
