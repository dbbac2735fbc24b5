//! The right to fill the missing rows of a batch, and the stamps to fill them under.

use std::iter;

use super::{
    lookup::Batch,
    row::{Row, Standing},
};
use crate::{
    entry::Entry,
    error::Error,
    lease::{Leases, Which},
    protocol::{Reply, State, Step},
    tag_version,
};

/// A lease that is asked for.
struct Asked {
    row: usize,
    which: Which,
    /// Where its answer is among those to all steps.
    at: usize,
}

impl Batch<'_> {
    /// Asks the store for the right to fill what is missing, and for the stamps to fill it under: one round
    /// trip, before the load begins.
    pub(super) async fn acquire(&mut self) {
        let (mut steps, mut asked) = (Vec::new(), Vec::new());
        for (row, wanted) in self.rows.iter().enumerate() {
            if let Some(which) = ask(wanted, &mut self.leases, &mut steps) {
                // Where the lease stands beside the row, the row is read after it.
                let at = steps.len() - 1 - usize::from(wanted.stale.is_some());
                asked.push(Asked { row, which, at });
            }
        }
        let stamps = steps.len();
        let life = self.life();
        steps.extend(self.tags().iter().map(|tag| (&**tag, tag_version::ask(life))));
        let replies = match self.guard.run_many(&steps).await {
            Ok(replies) => replies,
            Err(error) => return self.store_failed(&error),
        };
        let mut replies: Vec<_> = replies.into_iter().map(|reply| self.counted(reply)).collect();
        self.stamps = replies
            .split_off(stamps)
            .iter()
            .map(|reply| reply.as_ref().and_then(tag_version::told))
            .collect();
        if self.stamps.contains(&None) {
            // Under a fenced tag nothing may be stored.
            return self.close();
        }
        for Asked { row, which, at } in asked {
            let reply = replies[at].take();
            match self.rows[row].stale {
                None => self.asked(row, which, reply),
                Some(_) => {
                    let seen = replies[at + 1].take();
                    self.asked_to_refresh(row, which, reply, seen);
                }
            }
        }
    }

    /// Takes note of the answer to one that asked for the lease of a row.
    fn asked(&mut self, row: usize, which: Which, reply: Option<Reply<Entry>>) {
        match reply {
            Some(Reply::Acquired) => self.rows[row].stand(Standing::Leased(which)),
            Some(Reply::Found(state)) => {
                self.leases.spend(which);
                self.see(row, state);
            }
            // An acquisition without an answer may have succeeded: the lease is given up in the end.
            _ => self.rows[row].stand(Standing::Closed),
        }
    }

    /// Takes note of the answer to one that asked to replace a value that has expired, and of what there is now.
    fn asked_to_refresh(
        &mut self,
        row: usize,
        which: Which,
        reply: Option<Reply<Entry>>,
        seen: Option<Reply<Entry>>,
    ) {
        let standing = match (reply, seen) {
            (Some(reply), Some(Reply::Found(seen))) if !self.rows[row].has_expired(&seen) => {
                // Somebody has replaced it, or it was invalidated.
                match reply {
                    Reply::Acquired => self.leases.give_up(which),
                    _ => self.leases.spend(which),
                }
                return self.see(row, seen);
            }
            (Some(Reply::Acquired), Some(_)) => Standing::Refreshing(which),
            (Some(Reply::Found(state)), Some(_)) => {
                self.leases.spend(which);
                match state {
                    State::Leased(_) if self.rows[row].may_serve_at_once() => {
                        self.rows[row].fall_back();
                        return;
                    }
                    State::Leased(_) => Standing::Elsewhere,
                    State::Value(..) => Standing::Failing,
                    _ => Standing::Closed,
                }
            }
            _ => Standing::Closed,
        };
        self.rows[row].stand(standing);
    }

    /// The reply, or nothing for a step that failed, which is counted.
    fn counted(&self, reply: Result<Reply<Entry>, Error>) -> Option<Reply<Entry>> {
        reply.inspect_err(|error| self.count_error(error)).ok()
    }
}

/// Adds the steps that ask for the lease of a row, if that is wanted.
fn ask<'r>(
    row: &'r Row,
    leases: &mut Leases,
    steps: &mut Vec<(&'r str, Step<Entry>)>,
) -> Option<Which> {
    if !row.wants_a_lease() {
        return None;
    }
    let life = leases.life();
    // The value stays while it is renewed: a key of its own elects who does that.
    if let Some(stale) = &row.stale {
        let (which, token) = leases.ask(&stale.refresh_key);
        steps.push((&stale.refresh_key, Step::Acquire { token, life }));
        steps.push((&row.key, Step::Read));
        return Some(which);
    }
    let (which, token) = leases.ask(&row.key);
    let step = match row.standing {
        Standing::Spoilt(stale) => Step::Take { stale, token, life },
        _ => Step::Acquire { token, life },
    };
    let discard = matches!(row.standing, Standing::Unreadable).then_some(Step::Discard);
    steps.extend(discard.into_iter().chain(iter::once(step)).map(|step| (&*row.key, step)));
    Some(which)
}
