//! The right to fill the missing rows of a batch, and the stamps to fill them under.

use super::lookup::{Batch, Standing};
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Nonce, Reply, Step},
    read::seen::stamp,
    time::nonce,
};

impl Batch<'_> {
    /// Asks the store for the right to fill what is missing, and for the stamps to fill it under: one round
    /// trip, before the load begins.
    pub(super) async fn acquire(&mut self) {
        let tag_life = self.tag_life();
        let Batch { rows, leases, tags, .. } = self;
        let life = leases.life();
        let mut steps = Vec::new();
        // The rows that are asked for, and which of the steps ask for them.
        let mut asked = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let key = &*row.key;
            if let Standing::Unreadable = row.standing {
                steps.push((key, Step::Discard));
            }
            let (which, step) = match row.standing {
                Standing::Vacant | Standing::Unreadable => {
                    let (which, token) = leases.ask(&row.key);
                    (which, Step::Acquire { token, life })
                }
                Standing::Spoilt(stale) => {
                    let (which, token) = leases.ask(&row.key);
                    (which, Step::Take { stale, token, life })
                }
                _ => continue,
            };
            asked.push((at, which, steps.len()));
            steps.push((key, step));
        }
        let stamps = steps.len();
        for tag in tags.iter() {
            let (stamp, life) = (nonce(), tag_life);
            steps.push((tag, Step::Stamp { stamp, value: Entry::tag(stamp), life }));
        }
        let replies = match self.guard.run_many(&steps).await {
            Ok(replies) => replies,
            Err(error) => return self.store_failed(&error),
        };
        let mut replies: Vec<_> = replies.into_iter().map(|reply| self.counted(reply)).collect();
        self.stamps = replies.split_off(stamps).iter().map(stamped).collect();
        self.stamped = true;
        if self.stamps.contains(&None) {
            return self.close();
        }
        for (row, which, step) in asked {
            match replies[step].take() {
                Some(Reply::Acquired) => self.rows[row].stand(Standing::Leased(which)),
                Some(Reply::Found(state)) => {
                    self.leases.spend(which);
                    self.see(row, state);
                }
                // An acquisition without an answer may have succeeded: the lease is given up in the end.
                _ => self.rows[row].stand(Standing::Closed),
            }
        }
    }

    /// The reply, or nothing for a step that failed, which is counted.
    fn counted(&self, reply: Result<Reply<Entry>, Error>) -> Option<Reply<Entry>> {
        reply.inspect_err(|error| self.count_error(error)).ok()
    }
}

/// The stamp that a tag was given.
fn stamped(reply: &Option<Reply<Entry>>) -> Option<Nonce> {
    match reply {
        Some(Reply::Found(state)) => stamp(state),
        _ => None,
    }
}
