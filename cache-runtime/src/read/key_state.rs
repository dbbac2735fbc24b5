//! What a call knows of one key, and what that allows: a state machine without I/O.
//!
//! What was seen goes in ([`see`](KeyState::see), [`acquired`](KeyState::acquired)); what to do next comes out
//! ([`want`](KeyState::want)). A call for one key has one of these, a batch has one for each of its keys.

use std::sync::Arc;

use super::{
    named_tags::NamedTags,
    outcome::{Outcome, Tally},
    snapshot::{Carries, Hit, age_now, carries, carries_named},
};
use crate::{
    codec, encryption,
    entry::Entry,
    error::Error,
    expiry::Age,
    key,
    lease::Which,
    policy::Policy,
    protocol::{Expected, Nonce, Pending, Reply, State},
    stats::NotStored,
    time::Clock,
};

pub(super) struct KeyState {
    /// Where its entry stands.
    key: String,
    /// The same, for those who outlive the call; a hit needs none.
    shared_key: Option<Arc<str>>,
    /// The entry that its own entry stands beside, if it does.
    beside: Option<Beside>,
    status: Status,
    /// Its value that has expired, which stays until it is replaced.
    stale: Option<Stale>,
    /// The key held something that a lease has to replace. If somebody puts that back (another release of the service,
    /// say), this call does not fight: the second time it leaves the store alone.
    replaced_once: bool,
    /// The names of the tags that the value named which is to be replaced.
    replaced_tags: Vec<String>,
    tally: Tally,
}

/// The entry under the key has another layout, which another release of the service reads, so it is left alone. This
/// release keeps its own entry beside it: the key is the last tag of that entry, and the stamp is the tag's version. So
/// a writer that fences the key ends both, and neither release stores over the other's entry.
#[derive(Clone)]
struct Beside {
    own_key: String,
    stamp: Nonce,
}

/// A value that has expired.
struct Stale {
    entry: Entry,
    /// It may be served although no load has failed, as long as somebody renews it.
    at_once: bool,
    /// The key that elects the process which renews it.
    refresh_key: Arc<str>,
    /// What that key holds from another incarnation, where it does.
    void: Option<Expected>,
}

enum Status {
    /// Not looked at yet.
    Unseen,
    /// A value that names tags which have not been looked at yet.
    Unjudged(Entry),
    Vacant,
    /// A value that may not be served, or what is left of another incarnation: a lease may replace it.
    Replaceable(Expected),
    /// Foreign bytes, which have to go before a lease can be had.
    Unreadable,
    /// A value that has expired. It stays, and a key beside it elects the call that replaces it.
    Expired,
    /// A value, to be decoded.
    Found(Hit),
    /// The caller has its value.
    Answered,
    /// This call holds the lease.
    Leased(Which),
    /// This call is elected to replace the value that has expired.
    Refreshing(Which),
    /// Another call holds the lease, or is elected.
    /// Under this token.
    LeasedElsewhere(Nonce),
    /// A load failed a moment ago, and there is a value that has expired.
    FailedLately,
    /// A writer is at work: to be loaded and not stored.
    Fenced,
    /// The store is out, or cannot be used for this key: likewise.
    NotStorable(NotStored),
}

/// What a key needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// A look into the store.
    Look,
    /// The right to store.
    Acquire,
    /// Its value decoded.
    Serve,
    /// Its expired value served.
    ServeStale,
    /// Another call's load to end.
    Wait,
    /// A load.
    Load,
    /// Nothing: the caller has its value.
    Nothing,
}

/// By what the state of a key is judged.
pub(super) struct Judge<'a> {
    pub(super) policy: &'a Policy,
    /// The versions that the call's tags have now.
    pub(super) tags: &'a [Option<Nonce>],
    /// Those of tags that values name, as far as they are known.
    pub(super) named: Option<&'a NamedTags>,
    /// Whether an expired value that is served is renewed by this call.
    pub(super) renews: bool,
    pub(super) clock: Clock,
}

/// An entry that cannot be read, and why: it is replaced, and counted.
pub(super) enum Unusable {
    Foreign,
    Refused(Error),
}

impl KeyState {
    pub(super) fn new(key: String) -> KeyState {
        KeyState {
            key,
            shared_key: None,
            beside: None,
            status: Status::Unseen,
            stale: None,
            replaced_once: false,
            replaced_tags: Vec::new(),
            tally: Tally::Open,
        }
    }

    /// The same key for another call, which looks at it anew. The call that hands it on counts it.
    pub(super) fn again(&self) -> KeyState {
        KeyState {
            shared_key: self.shared_key.clone(),
            beside: self.beside.clone(),
            tally: Tally::HandedOn { stale: false },
            ..KeyState::new(self.key.clone())
        }
    }

    /// The same key for another call, which replaces this value.
    pub(super) fn replacing(&self, entry: Entry) -> KeyState {
        let mut state = self.again();
        state.replace(entry, false);
        state
    }

    /// Only a load may take the place of this value, which stays until then.
    pub(super) fn replace(&mut self, entry: Entry, at_once: bool) {
        let refresh_key = refresh_key(&self.key).into();
        self.stale = Some(Stale { refresh_key, entry, at_once, void: None });
        self.status = Status::Expired;
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The key, for those who outlive the call.
    pub(super) fn shared_key(&self) -> Arc<str> {
        self.shared_key.clone().unwrap_or_else(|| self.key.as_str().into())
    }

    /// The same, kept for the next who wants it.
    pub(super) fn share_key(&mut self) -> Arc<str> {
        let shared = self.shared_key();
        self.shared_key = Some(Arc::clone(&shared));
        shared
    }

    /// The key that the caller has asked for, wherever its entry is.
    pub(super) fn own_key(&self) -> &str {
        self.beside.as_ref().map_or(&self.key, |beside| &beside.own_key)
    }

    /// The key that the entry stands beside, and the stamp it was seen with.
    pub(super) fn beside(&self) -> Option<(&str, Nonce)> {
        self.beside.as_ref().map(|beside| (&*beside.own_key, beside.stamp))
    }

    pub(super) fn want(&self) -> Want {
        match self.status {
            Status::Unseen | Status::Unjudged(_) => Want::Look,
            Status::Vacant | Status::Replaceable(_) | Status::Unreadable | Status::Expired => {
                Want::Acquire
            }
            Status::Found(_) => Want::Serve,
            Status::FailedLately => Want::ServeStale,
            Status::LeasedElsewhere(_) => Want::Wait,
            Status::Leased(_) | Status::Refreshing(_) | Status::Fenced | Status::NotStorable(_) => {
                Want::Load
            }
            Status::Answered => Want::Nothing,
        }
    }

    pub(super) fn is_answered(&self) -> bool {
        matches!(self.status, Status::Answered)
    }

    /// Takes note of what the key holds. The versions of the tags belong to the same look, or to a later one.
    pub(super) fn see(&mut self, state: State<Entry>, by: &Judge<'_>) -> Option<Unusable> {
        self.stale = None;
        let (status, unusable) = match state {
            State::Value(stamp, entry) => match self.judge(stamp, entry, by) {
                Ok(Some(status)) => (status, None),
                // It stays as it is: an expired value, or one that another entry stands beside.
                Ok(None) => return None,
                Err(error) => (replaceable(stamp), Some(Unusable::Refused(error))),
            },
            State::Pending(Pending { stamp, value: entry, .. }) => {
                match encryption::check(&entry) {
                    Ok(()) => (Status::Found(Hit { entry, age: Age::Fresh, pending: true }), None),
                    Err(error) => (replaceable(stamp), Some(Unusable::Refused(error))),
                }
            }
            State::Vacant => (Status::Vacant, None),
            State::Leased(token) => (Status::LeasedElsewhere(token), None),
            State::Fenced(_) => (Status::Fenced, None),
            State::Unreadable => (Status::Unreadable, Some(Unusable::Foreign)),
            State::Void(left) => (Status::Replaceable(left), None),
        };
        self.set(status);
        unusable
    }

    fn judge(
        &mut self,
        stamp: Nonce,
        entry: Entry,
        by: &Judge<'_>,
    ) -> Result<Option<Status>, Error> {
        // The header of an entry that cannot be trusted cannot be trusted either.
        encryption::check(&entry)?;
        let age = age_now(&entry, by.policy, by.clock);
        let beside = self.beside.as_ref().map(|b| b.stamp);
        if age == Age::Over {
            return Ok(Some(self.outlived(stamp, &entry)));
        }
        if !carries(&entry, by.tags, beside) || by.policy.names_tags {
            let seen = by.named.map_or(&[][..], |named| &named.seen);
            match carries_named(&entry, by.tags, beside, seen) {
                Carries::Yes => {}
                Carries::No => return Ok(Some(self.outlived(stamp, &entry))),
                Carries::Unknown => return Ok(Some(Status::Unjudged(entry))),
            }
        }
        let fits = codec::fits(&entry, &by.policy.encoding);
        match age {
            Age::Fresh | Age::Due if fits => {}
            Age::Revalidate if fits && by.renews => {}
            Age::Fresh | Age::Due if self.beside.is_none() => {
                self.move_beside(stamp, by.policy.encoding.fingerprint);
                return Ok(None);
            }
            Age::Revalidate | Age::Fallback if fits => {
                self.replace(entry, age == Age::Revalidate);
                return Ok(None);
            }
            _ => return Ok(Some(replaceable(stamp))),
        }
        Ok(Some(Status::Found(Hit { entry, age, pending: false })))
    }

    fn move_beside(&mut self, stamp: Nonce, fingerprint: u64) {
        let key = key::side_key(&self.key, &format!("{fingerprint:016x}"));
        let own_key = std::mem::replace(&mut self.key, key);
        self.beside = Some(Beside { own_key, stamp });
        self.shared_key = None;
        self.status = Status::Unseen;
    }

    /// Takes note of what its own key holds, which the entry was to stand beside. Says whether that has changed: what
    /// stands beside an entry ends with it.
    pub(super) fn see_own_key(&mut self, state: State<Entry>, by: &Judge<'_>) -> Option<Unusable> {
        let beside = self.beside.take_if(|beside| !state.is(Expected::Value(beside.stamp)))?;
        self.key = beside.own_key;
        self.shared_key = None;
        self.see(state, by)
    }

    /// Another process is elected to replace the value that has expired.
    pub(super) fn see_refresh_key(&mut self, state: &State<Entry>) {
        if let (Status::Expired, State::Leased(token)) = (&self.status, state) {
            self.status = Status::LeasedElsewhere(*token);
        }
    }

    /// Whether it is leased by a batch, which loads other keys besides.
    pub(super) fn is_leased_by_batch(&self) -> bool {
        matches!(self.status, Status::LeasedElsewhere(token) if token.is_of_batch())
    }

    pub(super) fn is_unseen(&self) -> bool {
        matches!(self.status, Status::Unseen)
    }

    /// A value that is not good any more.
    fn outlived(&mut self, stamp: Nonce, entry: &Entry) -> Status {
        let names = entry.names().unwrap_or_default();
        self.replaced_tags = names.into_iter().map(str::to_owned).collect();
        replaceable(stamp)
    }

    /// The names of the tags that the value named which is to be replaced.
    pub(super) fn take_replaced_tags(&mut self) -> Vec<String> {
        std::mem::take(&mut self.replaced_tags)
    }

    /// The value that names tags which have not been looked at.
    pub(super) fn unjudged(&self) -> Option<&Entry> {
        match &self.status {
            Status::Unjudged(entry) => Some(entry),
            _ => None,
        }
    }

    /// It cannot be stored. A value to fall back on stays one.
    pub(super) fn not_storable(&mut self, why: NotStored) {
        if !self.is_answered() {
            self.status = Status::NotStorable(why);
        }
    }

    /// Why what is loaded now cannot be stored, of a key without a lease.
    pub(super) fn why_not_storable(&self) -> NotStored {
        match self.status {
            Status::NotStorable(why) => why,
            Status::Fenced => NotStored::Fenced,
            _ => NotStored::Leased,
        }
    }

    /// Its value is given up: it could not be decoded.
    pub(super) fn reject(&mut self, stamp: Nonce) {
        self.stale = None;
        self.set(replaceable(stamp));
    }

    fn set(&mut self, status: Status) {
        let replaces = matches!(status, Status::Replaceable(_) | Status::Unreadable);
        let again = replaces && std::mem::replace(&mut self.replaced_once, true);
        self.status = if again { Status::NotStorable(NotStored::Contested) } else { status };
    }

    /// What has to be asked for the right to store.
    pub(super) fn request(&self) -> Acquisition<'_> {
        match (&self.stale, &self.status) {
            (Some(stale), _) => {
                let Stale { entry, refresh_key, void, .. } = stale;
                Acquisition::Elect { on: refresh_key, stamp: entry.stamp(), void: *void }
            }
            (None, Status::Replaceable(stale)) => Acquisition::Take(*stale),
            (None, Status::Unreadable) => Acquisition::Discard,
            _ => Acquisition::Acquire,
        }
    }

    /// Takes note of the answer to the question for its lease. `None` is no answer: the lease may have been granted,
    /// and is given up in the end. Says whether the lease that was asked for is gone.
    pub(super) fn acquired(
        &mut self,
        which: Which,
        reply: Option<Reply<Entry>>,
        by: &Judge<'_>,
    ) -> (LeaseIs, Option<Unusable>) {
        match reply {
            Some(Reply::Acquired) => {
                self.status = Status::Leased(which);
                (LeaseIs::Held, None)
            }
            Some(Reply::Found(state)) => (LeaseIs::Gone, self.see(state, by)),
            _ => {
                self.status = Status::NotStorable(NotStored::Unavailable);
                (LeaseIs::Held, None)
            }
        }
    }

    /// Takes note of the answer to the question for its election, and of what the key holds now.
    pub(super) fn elected(
        &mut self,
        which: Which,
        reply: Option<Reply<Entry>>,
        now: Option<State<Entry>>,
        by: &Judge<'_>,
    ) -> (LeaseIs, Option<Unusable>) {
        let (Some(reply), Some(now)) = (reply, now) else {
            self.status = Status::NotStorable(NotStored::Unavailable);
            return (LeaseIs::Held, None);
        };
        let state = match reply {
            Reply::Acquired if self.has_expired(&now) => {
                self.status = Status::Refreshing(which);
                return (LeaseIs::Held, None);
            }
            // Somebody has replaced the value, or invalidated it.
            Reply::Acquired => return (LeaseIs::Unwanted, self.see(now, by)),
            _ if !self.has_expired(&now) => return (LeaseIs::Gone, self.see(now, by)),
            Reply::Found(state) => state,
            _ => State::Vacant,
        };
        match state {
            // It asks once more, and takes the place of that.
            State::Void(left) if self.leaves_void(left) => {}
            State::Leased(_) if self.stale.as_ref().is_some_and(|stale| stale.at_once) => {
                self.fall_back();
            }
            State::Leased(token) => self.status = Status::LeasedElsewhere(token),
            State::Value(..) => self.status = Status::FailedLately,
            _ => self.status = Status::Fenced,
        }
        (LeaseIs::Gone, None)
    }

    /// Takes note of what the key that elects holds from another incarnation. Says whether that is new.
    fn leaves_void(&mut self, left: Expected) -> bool {
        self.stale.as_mut().is_some_and(|stale| stale.void.replace(left) != Some(left))
    }

    /// What kept this call from the lease may be over: it asks again.
    pub(super) fn retry(&mut self) {
        if matches!(self.status, Status::LeasedElsewhere(_) | Status::FailedLately | Status::Fenced)
        {
            self.status = if self.stale.is_some() { Status::Expired } else { Status::Vacant };
        }
    }

    /// Takes over the lease of a call that had it before.
    pub(super) fn take_over(&mut self, which: Which, replaces: bool) {
        self.status = if replaces { Status::Refreshing(which) } else { Status::Leased(which) };
    }

    /// The lease under which the key may be filled.
    pub(super) fn lease(&self) -> Option<Which> {
        match self.status {
            Status::Leased(which) | Status::Refreshing(which) => Some(which),
            _ => None,
        }
    }

    /// Whether this call is elected to replace the value that has expired.
    pub(super) fn is_refreshing(&self) -> bool {
        matches!(self.status, Status::Refreshing(_))
    }

    fn has_expired(&self, state: &State<Entry>) -> bool {
        let stamp = self.stale.as_ref().map(|stale| stale.entry.stamp());
        stamp.is_some_and(|stamp| state.is(Expected::Value(stamp)))
    }

    /// The value that has expired, if there is one.
    pub(super) fn stale(&self) -> Option<&Entry> {
        self.stale.as_ref().map(|stale| &stale.entry)
    }

    pub(super) fn refresh_key(&self) -> Option<&str> {
        self.stale.as_ref().map(|stale| &*stale.refresh_key)
    }

    /// Whether there is a value that has expired, or by now one that has not.
    pub(super) fn has_some_value(&self) -> bool {
        self.stale.is_some() || matches!(self.status, Status::Found(_))
    }

    /// Whether the expired value may be served while another call replaces it.
    pub(super) fn may_serve_at_once(&self) -> bool {
        self.stale.as_ref().is_some_and(|stale| stale.at_once)
    }

    /// Serves the value that has expired. Says whether there is one.
    pub(super) fn fall_back(&mut self) -> bool {
        let Some(stale) = self.stale.take() else { return false };
        self.status = Status::Found(Hit { entry: stale.entry, age: Age::Fallback, pending: false });
        self.tally.serves_stale();
        true
    }

    /// Serves a value that another call has loaded.
    pub(super) fn shared(&mut self, entry: Entry) {
        self.status = Status::Found(Hit { entry, age: Age::Fresh, pending: false });
    }

    /// The value that was found, to be decoded. Whoever takes it says what came of that.
    pub(super) fn take_found(&mut self) -> Option<Hit> {
        match std::mem::replace(&mut self.status, Status::Answered) {
            Status::Found(hit) => Some(hit),
            other => {
                self.status = other;
                None
            }
        }
    }

    pub(super) fn found(&self) -> Option<&Hit> {
        match &self.status {
            Status::Found(hit) => Some(hit),
            _ => None,
        }
    }

    /// Whether the value of this stamp still stands, expired or not.
    pub(super) fn holds(&self, stamp: Nonce) -> bool {
        let entry = self.found().map(|hit| &hit.entry).or(self.stale());
        entry.is_some_and(|entry| entry.stamp() == stamp)
    }

    /// The caller has this value.
    pub(super) fn answered(&mut self, hit: &Hit) -> Option<Outcome> {
        self.tally.answered(hit)
    }

    /// The caller has what another call has found, which may be the value that has expired.
    pub(super) fn answered_by_another(&mut self, stale: bool) -> Option<Outcome> {
        self.status = Status::Answered;
        self.tally.answered_by_another(stale)
    }

    /// The first look has not found it.
    pub(super) fn missed(&mut self) -> Option<Outcome> {
        self.tally.missed(self.stale.is_some())
    }

    /// Nothing more comes of it.
    pub(super) fn ended(&mut self) -> Option<Outcome> {
        self.tally.ended()
    }

    /// Whether the call that has handed it on is served the value that has expired.
    pub(super) fn is_stale(&self) -> bool {
        self.tally == Tally::HandedOn { stale: true }
    }
}

/// How the right to store is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acquisition<'a> {
    Acquire,
    /// A lease in the place of what is named.
    Take(Expected),
    /// A lease, after what the key holds has been removed.
    Discard,
    /// The value of this stamp stays: a lease on a key beside it elects who replaces it.
    Elect {
        on: &'a Arc<str>,
        stamp: Nonce,
        /// What that key holds from another incarnation, and the lease takes the place of.
        void: Option<Expected>,
    },
}

/// What became of a lease that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaseIs {
    Held,
    /// It was not granted.
    Gone,
    /// It was granted, and is of no use.
    Unwanted,
}

fn replaceable(stamp: Nonce) -> Status {
    Status::Replaceable(Expected::Value(stamp))
}

/// The key on which the process is elected that renews the value under `key`.
pub(super) fn refresh_key(key: &str) -> String {
    key::side_key(key, "refresh")
}

#[cfg(test)]
mod tests;
