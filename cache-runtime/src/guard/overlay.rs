//! Reads while an invalidation is pending: to this process, such a key is fenced.
//!
//! The protocol's own rules do the rest: the reader loads, stores nothing, and shares what it loads only with those
//! who called before its load began.
//!
//! A key is looked up before an operation is sent. An invalidation that becomes pending later belongs to a write that ends
//! after the operation has begun, and so after the call that it is for.

use std::sync::atomic::Ordering;

use super::operation::Guard;
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Fenced, Nonce, Reply, State, Step},
};

/// What this process finds under a key with a pending invalidation.
fn fenced() -> State<Entry> {
    State::Fenced(Fenced { epoch: Nonce([0; 16]), writers: 1, contended: true })
}

impl Guard {
    /// The state of `key`, if it is pending.
    pub(super) fn state(&self, key: &str) -> Option<State<Entry>> {
        self.is_pending(key).then(fenced)
    }

    fn is_pending(&self, key: &str) -> bool {
        let pending = self.pending.contains(key);
        // The redelivery task may have died with its runtime.
        if pending
            && !self.redelivering.load(Ordering::Relaxed)
            && let Some(me) = self.me.upgrade()
        {
            me.start_redelivery();
        }
        pending
    }

    /// The reply to `step` on `key`, if the key is pending and the step would make its value visible.
    pub(super) fn reply(&self, key: &str, step: &Step<Entry>) -> Option<Reply<Entry>> {
        use Step::{Acquire, Fill, Read, Stamp, Take};
        match step {
            Read | Acquire { .. } | Take { .. } | Stamp { .. } => self.state(key).map(Reply::Found),
            Fill { .. } => self.is_pending(key).then_some(Reply::Superseded),
            // These make nothing visible.
            _ => None,
        }
    }

    /// The states of those keys that are pending, if any is.
    pub(super) fn states(&self, keys: &[&str]) -> Option<Known<State<Entry>>> {
        let states = || keys.iter().map(|key| self.state(key).map(Ok)).collect();
        (self.pending.len() != 0)
            .then(states)
            .filter(|states: &Vec<_>| states.iter().any(Option::is_some))
    }

    /// The replies to those steps for which the store is not asked, if there are any.
    pub(super) fn replies(&self, steps: &[(&str, Step<Entry>)]) -> Option<Known<Reply<Entry>>> {
        let replies = || steps.iter().map(|(key, step)| self.reply(key, step).map(Ok)).collect();
        (self.pending.len() != 0)
            .then(replies)
            .filter(|replies: &Vec<_>| replies.iter().any(Option::is_some))
    }
}

/// The results that are known without asking the store. None where it has to be asked.
pub(super) type Known<T> = Vec<Option<Result<T, Error>>>;

/// Puts the store's answers where nothing is known yet.
pub(super) fn fill_in<T>(
    known: Known<T>,
    asked: Vec<Result<T, Error>>,
) -> Result<Vec<Result<T, Error>>, Error> {
    let mut asked = asked.into_iter();
    let missing = || Error::Unavailable("the store did not answer everything".into());
    known.into_iter().map(|known| known.or_else(|| asked.next()).ok_or_else(missing)).collect()
}
