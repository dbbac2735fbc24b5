//! The right to fill the missing keys of a call, and the versions of the tags to fill them under: one round trip.

use super::{
    engine::Engine,
    key_state::{Acquisition, LeaseIs, Want},
};
use crate::{
    entry::Entry,
    error::Error,
    lease::Which,
    protocol::{Nonce, Reply, State, Step},
    stats::NotStored,
    tag_version,
};

/// A lease that was asked for.
struct Asked {
    at: usize,
    which: Which,
    /// Where its answer is among those to all steps.
    reply: usize,
    /// Whether it elects who replaces an expired value. The key itself is read after it then.
    elects: bool,
}

impl Engine {
    /// Asks for leases until every key that wants one has it, or is known to go without.
    pub(super) async fn acquire_wanted(&mut self) {
        while self.some_want(Want::Acquire) {
            self.acquire().await;
            self.look_at_unseen().await;
        }
    }

    async fn acquire(&mut self) {
        if self.is_out() {
            return self.close(NotStored::Unavailable);
        }
        self.note_tags_of_replaced();
        let life = self.claims.life();
        let (mut steps, mut asked) = (Vec::new(), Vec::new());
        for (at, state) in self.keys.iter().enumerate() {
            if state.want() != Want::Acquire {
                continue;
            }
            let (key, request) = (state.key(), state.request());
            let (lease_key, replaces) = match request {
                Acquisition::Elect { on, stamp, .. } => (on.clone(), Some(stamp)),
                _ => (state.shared_key(), None),
            };
            let (which, token) = self.claims.ask(lease_key, replaces);
            let acquire = Step::Acquire { token, life };
            let reply = steps.len() + usize::from(request == Acquisition::Discard);
            match request {
                Acquisition::Acquire => steps.push((key, acquire)),
                Acquisition::Take(stale) => steps.push((key, Step::Take { stale, token, life })),
                Acquisition::Discard => steps.extend([(key, Step::Discard), (key, acquire)]),
                // The value stays while it is renewed.
                Acquisition::Elect { on, void, .. } => {
                    let elect = match void {
                        Some(stale) => Step::Take { stale, token, life },
                        None => acquire,
                    };
                    steps.extend([(&**on, elect), (key, Step::Read)])
                }
            }
            asked.push(Asked { at, which, reply, elects: replaces.is_some() });
        }
        let leases = steps.len();
        let tag_ttl = self.life();
        steps.extend(
            self.request.tags.iter().map(|tag| (tag.as_str(), tag_version::stamp_step(tag_ttl))),
        );
        let named = self.named_tags.as_deref().map_or(&[][..], |named| &named.seen);
        steps.extend(
            named.iter().map(|(name, _)| (name.as_str(), tag_version::stamp_step(tag_ttl))),
        );
        let replies = match self.send(steps).await {
            Ok(replies) => replies,
            Err(error) => return self.store_failed(&error),
        };
        let mut replies: Vec<_> = replies.into_iter().map(|reply| self.counted(reply)).collect();
        let mut tags = replies.split_off(leases);
        let named = tags.split_off(self.request.tags.len());
        if let Some(known) = &mut self.named_tags {
            for ((_, version), reply) in known.seen.iter_mut().zip(named) {
                *version = reply.as_ref().and_then(tag_version::stamp_in_reply);
            }
        }
        self.tags =
            tags.iter().map(|reply| reply.as_ref().and_then(tag_version::stamp_in_reply)).collect();
        let Some(tags) = self.tags.iter().copied().collect::<Option<Vec<Nonce>>>() else {
            // Under a fenced tag nothing may be stored.
            let is_unknown = tags.iter().any(Option::is_none);
            let why = if is_unknown { NotStored::Unavailable } else { NotStored::Fenced };
            return self.close(why);
        };
        self.claims.tags = tags;
        for Asked { at, which, reply, elects } in asked {
            let answer = replies[reply].take();
            let now = elects.then(|| replies[reply + 1].take()).flatten();
            self.take_note(at, which, answer, elects.then_some(now));
        }
    }

    fn take_note(
        &mut self,
        at: usize,
        which: Which,
        answer: Option<Reply<Entry>>,
        now: Option<Option<Reply<Entry>>>,
    ) {
        let (keys, judge) = self.judge();
        let (lease, unusable) = match now {
            None => keys[at].acquired(which, answer, &judge),
            Some(now) => keys[at].elected(which, answer, now.and_then(found), &judge),
        };
        match lease {
            LeaseIs::Held => {}
            LeaseIs::Gone => self.claims.spend(which),
            LeaseIs::Unwanted => self.claims.give_up(which),
        }
        self.note(at, unusable);
    }

    /// Sends some steps, in one round trip.
    pub(super) async fn send(
        &self,
        mut steps: Vec<(&str, Step<Entry>)>,
    ) -> Result<Vec<Result<Reply<Entry>, Error>>, Error> {
        match (steps.len(), self.is_single()) {
            (1, true) => {
                let (key, step) = steps.swap_remove(0);
                Ok(vec![Ok(self.request.guard.run(key, step).await?)])
            }
            _ => self.request.guard.run_many(&steps).await,
        }
    }
}

fn found(reply: Reply<Entry>) -> Option<State<Entry>> {
    match reply {
        Reply::Found(state) => Some(state),
        _ => None,
    }
}
