//! How a call gets the right to store what it will load: a lease, and the stamps of the entry's tags, in one
//! round trip.

use super::{
    lookup::{Lookup, Store},
    seen::Seen,
};
use crate::{
    entry::Entry,
    error::Error,
    expiry::{Age, kept},
    key,
    lease::{Claim, Lease},
    protocol::{Nonce, Reply, State, Step},
    tag_version,
    time::nonce,
};

/// What came of asking for the right to store.
pub(super) enum Acquired {
    Claim(Claim),
    Value(Entry),
    /// Somebody else is loading.
    Leased,
    /// A load of this has failed a moment ago, and there is a value to fall back on.
    Failing,
    /// A writer is at work, or the store is out: load, and store nothing.
    Nothing,
}

/// What one round trip has brought.
struct Answers {
    reply: Reply<Entry>,
    /// The stamps of the tags, and none for one that is fenced.
    stamps: Vec<Option<Nonce>>,
    /// Under the key itself, where the lease is asked for elsewhere.
    seen: Option<State<Entry>>,
}

impl Lookup<'_> {
    /// Asks the store for the right to fill.
    pub(super) async fn acquire(&mut self) -> Acquired {
        loop {
            if self.store == Store::Holding(None) {
                match self.guard.run(self.key(), Step::Discard).await {
                    Ok(_) => self.store = Store::Cleared,
                    Err(error) => self.store_failed(&error),
                }
            }
            if self.store == Store::Out {
                return Acquired::Nothing;
            }
            if let Some(acquired) = self.claim().await {
                return acquired;
            }
        }
    }

    /// Asks once; nothing where what was found has to be dealt with first.
    async fn claim(&mut self) -> Option<Acquired> {
        let (token, life) = (nonce(), self.request.policy.lease);
        let (key, step, replaces) = match self.store {
            // The value stays while it is renewed: a key of its own elects who does that.
            Store::Expired(seen) => {
                (refresh_key(self.key()).into(), Step::Acquire { token, life }, Some(seen))
            }
            Store::Holding(Some(stale)) => {
                (self.shared_key(), Step::Take { stale, token, life }, None)
            }
            _ => (self.shared_key(), Step::Acquire { token, life }, None),
        };
        let lease = Lease::new(self.guard, &key, token, life);
        // An acquisition whose answer is lost may have succeeded: dropping the lease gives it up.
        let Answers { reply, stamps, seen } = match self.ask(&key, step, replaces).await {
            Ok(answers) => answers,
            Err(error) => {
                self.store_failed(&error);
                return Some(Acquired::Nothing);
            }
        };
        if let Some(seen) = seen {
            let stands = matches!(&seen, State::Value(stamp, _) if Some(*stamp) == replaces);
            if !stands {
                return self.replaced(Seen { state: seen, stamps });
            }
        }
        match reply {
            Reply::Acquired => {
                // Under a fenced tag nothing may be stored.
                let Some(tags) = stamps.into_iter().collect() else {
                    return Some(Acquired::Nothing);
                };
                Some(Acquired::Claim(Claim::new(lease, replaces, tags)))
            }
            Reply::Found(state) => {
                lease.spend();
                if replaces.is_some() {
                    return Some(match state {
                        State::Leased(_) => Acquired::Leased,
                        State::Value(..) => Acquired::Failing,
                        _ => Acquired::Nothing,
                    });
                }
                if stamps.contains(&None) {
                    return Some(Acquired::Nothing);
                }
                self.found(Seen { state, stamps })
            }
            _ => Some(Acquired::Nothing),
        }
    }

    /// One round trip: the lease, the stamps of the tags, and where the lease stands elsewhere, the key.
    async fn ask(
        &self,
        key: &str,
        step: Step<Entry>,
        replaces: Option<Nonce>,
    ) -> Result<Answers, Error> {
        let beside = self.beside();
        let tags = &self.request.tags;
        if tags.is_empty() && replaces.is_none() {
            let reply = self.guard.run(key, step).await?;
            return Ok(Answers {
                reply,
                stamps: beside.map(Some).into_iter().collect(),
                seen: None,
            });
        }
        let policy = &self.request.policy;
        let life = kept(policy.ttl, policy);
        let mut steps = vec![(key, step)];
        steps.extend(tags.iter().map(|tag| (tag.as_str(), tag_version::ask(life))));
        if replaces.is_some() {
            steps.push((self.key(), Step::Read));
        }
        let mut replies = self.guard.run_many(&steps).await?.into_iter();
        let reply = replies.next().unwrap_or(Ok(Reply::Superseded))?;
        let mut stamps = Vec::with_capacity(tags.len() + 1);
        for found in replies.by_ref().take(tags.len()) {
            stamps.push(tag_version::told(&found?));
        }
        stamps.extend(beside.map(Some));
        let seen = match replies.next() {
            Some(Ok(Reply::Found(state))) => Some(state),
            Some(Err(error)) => return Err(error),
            _ => None,
        };
        Ok(Answers { reply, stamps, seen })
    }

    /// The expired value has gone: somebody has renewed it, or it was invalidated.
    fn replaced(&mut self, seen: Seen) -> Option<Acquired> {
        self.forget_stale();
        if matches!(seen.state, State::Vacant) {
            return None;
        }
        self.found(seen)
    }

    /// The key holds something.
    fn found(&mut self, seen: Seen) -> Option<Acquired> {
        match seen.state {
            State::Leased(_) => return Some(Acquired::Leased),
            State::Fenced(_) => return Some(Acquired::Nothing),
            _ => {}
        }
        // What has expired is dealt with in the next round.
        let hit = self.judge(seen)?;
        matches!(hit.age, Age::Fresh | Age::Due).then_some(Acquired::Value(hit.entry))
    }
}

/// The key on which the loader is elected that renews the value under `key`.
pub(super) fn refresh_key(key: &str) -> String {
    key::beside(key, "refresh")
}
