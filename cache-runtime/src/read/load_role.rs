//! Whom a load is for besides its caller: the followers of a flight, the others of a failed one, or nobody.

use crate::{
    entry::Entry,
    flight::{Leadership, Mark, Permit, Shared, SharedError},
    lease::Claims,
};

#[derive(Default)]
pub(super) enum LoadRole {
    /// At the head of a flight.
    Leading(Leadership<Claims>),
    /// After a failed flight, one of those that try for themselves.
    Alone(Permit<Claims>),
    /// A batch, a load in the background, or one within a load of the same key: nobody waits for it.
    #[default]
    Background,
}

impl LoadRole {
    /// Who has called by now.
    pub(super) fn mark(&self) -> Mark {
        match self {
            LoadRole::Leading(leadership) => leadership.mark(),
            LoadRole::Alone(_) | LoadRole::Background => Mark::START,
        }
    }

    /// Whether somebody waits who had called by `mark`.
    pub(super) fn has_followers_before(&self, mark: Mark) -> bool {
        match self {
            LoadRole::Leading(leadership) => leadership.has_followers_before(mark),
            LoadRole::Alone(permit) => permit.is_first(),
            LoadRole::Background => false,
        }
    }

    /// The caller begins to wait for the lease of a batch.
    pub(super) fn waits_for_batch(&self) {
        if let LoadRole::Leading(leadership) = self {
            leadership.waits_for_batch();
        }
    }

    /// Gives a value to those who had called by `mark`.
    pub(super) fn publish(self, mark: Mark, entry: Entry) {
        match self {
            LoadRole::Leading(leadership) => leadership.publish(mark, &Shared::Value(entry)),
            LoadRole::Alone(permit) => permit.serve(entry),
            LoadRole::Background => {}
        }
    }

    /// Ends without a value. The leases go to whoever tries next.
    pub(super) fn fail(self, error: Option<SharedError>, claims: Option<Claims>) {
        match self {
            LoadRole::Leading(mut leadership) => {
                leadership.baton = claims;
                leadership.fail(error);
            }
            LoadRole::Alone(permit) => permit.widen(claims),
            LoadRole::Background => {}
        }
    }
}
