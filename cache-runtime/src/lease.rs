//! The leases of one call: renewed together while its load works, given up together when dropped.

use std::{future::Future, mem, sync::Arc, time::Duration};

use tokio::time;

use crate::{
    entry::Entry,
    guard::Guard,
    protocol::{Expected, Nonce, Reply, Step},
    time::nonce,
};

/// The right to fill some keys, and the state of things from before the load. Dropping it gives it up at once, so that the
/// next caller need not wait.
pub(crate) struct Claims {
    guard: Arc<Guard>,
    life: Duration,
    /// Whether they are those of a batch of several keys.
    batch: bool,
    held: Vec<Option<Held>>,
    /// The versions that the tags had before the load.
    pub(crate) tags: Vec<Nonce>,
}

/// Which of the leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Which(usize);

impl Which {
    /// That of a call for one key.
    pub(crate) const FIRST: Which = Which(0);
}

/// One lease.
pub(crate) struct Held {
    key: Arc<str>,
    token: Nonce,
    /// The stamp of the value that is to be replaced, where there is one. Then the lease stands on a key of its own, to
    /// elect one loader, and it is the stamp that keeps the fill right.
    replaces: Option<Nonce>,
}

impl Held {
    /// What has to be there still when the value is stored.
    pub(crate) fn expected(&self) -> Expected {
        self.replaces.map_or(Expected::Lease(self.token), Expected::Value)
    }

    /// The stamp for the value: a token serves, since it is never used again.
    pub(crate) fn stamp(&self) -> Nonce {
        self.token
    }

    /// Whether it elects who replaces a value.
    pub(crate) fn replaces(&self) -> bool {
        self.replaces.is_some()
    }

    fn release(&self) -> Step<Entry> {
        Step::Release { expected: Expected::Lease(self.token) }
    }

    /// What takes its place after its load has failed, for a while.
    fn mark(&self, life: Duration) -> Step<Entry> {
        let (expected, value) = (Expected::Lease(self.token), Entry::tag(self.token));
        Step::Fill { expected, stamp: self.token, value, life }
    }
}

impl Claims {
    /// No right yet. A lease that is asked for stands for `life` if nobody renews it.
    pub(crate) fn none(guard: &Arc<Guard>, life: Duration) -> Self {
        let guard = Arc::clone(guard);
        Claims { guard, life, batch: false, held: Vec::new(), tags: Vec::new() }
    }

    /// The same for a load of several keys, where `batch`: a call within a load does not wait for such a lease.
    pub(crate) fn of_batch(mut self, batch: bool) -> Self {
        self.batch = batch;
        self
    }

    pub(crate) fn life(&self) -> Duration {
        self.life
    }

    /// A lease on `key` that is about to be acquired under this token.
    ///
    /// It is held before its acquisition is sent, so that an acquisition whose answer never comes is given up as well.
    pub(crate) fn ask(&mut self, key: Arc<str>, replaces: Option<Nonce>) -> (Which, Nonce) {
        let token = nonce().of_lease(self.batch);
        let held = Some(Held { key, token, replaces });
        // A call for one key that asks again is at its only lease.
        if let [free @ None] = &mut self.held[..] {
            *free = held;
            return (Which::FIRST, token);
        }
        self.held.push(held);
        (Which(self.held.len() - 1), token)
    }

    /// The lease, if it is still held.
    pub(crate) fn held(&self, which: Which) -> Option<&Held> {
        self.held.get(which.0)?.as_ref()
    }

    /// Whether this lease elects who replaces a value.
    pub(crate) fn replaces(&self, which: Which) -> bool {
        self.held(which).is_some_and(Held::replaces)
    }

    /// The store has not given the lease: there is nothing to give up.
    pub(crate) fn spend(&mut self, which: Which) {
        self.held[which.0] = None;
    }

    /// The step that was to end the claim has been answered. A lease on a key of its own is still there.
    pub(crate) fn settled(&mut self, which: Which) {
        self.held[which.0].take_if(|held| !held.replaces());
    }

    /// Gives one of them up.
    pub(crate) fn give_up(&mut self, which: Which) {
        let given_up = self.held[which.0].take();
        self.send(given_up.iter().map(|held| (Arc::clone(&held.key), held.release())).collect());
    }

    /// Gives all of them up.
    pub(crate) fn release(&mut self) {
        let held = mem::take(&mut self.held);
        let steps = held.into_iter().flatten().map(|held| (Arc::clone(&held.key), held.release()));
        self.send(steps.collect());
    }

    /// The load has failed. Those that elect who replaces a value leave a mark, so that nobody is elected for `pause`.
    pub(crate) fn fail(&mut self, pause: Duration) {
        let elected = self.held.iter_mut().filter_map(|held| held.take_if(|held| held.replaces()));
        let marks = elected.map(|held| (Arc::clone(&held.key), held.mark(pause)));
        let marks = marks.collect();
        self.send(marks);
    }

    /// All of them, for somebody else; none where none is held.
    pub(crate) fn take(&mut self) -> Option<Claims> {
        let none = Claims::none(&self.guard, self.life).of_batch(self.batch);
        self.held.iter().any(Option::is_some).then(|| mem::replace(self, none))
    }

    /// Takes steps that nobody waits for.
    fn send(&self, mut steps: Vec<(Arc<str>, Step<Entry>)>) {
        if steps.len() > 1 {
            return self.guard.run_many_detached(steps);
        }
        if let Some((key, step)) = steps.pop() {
            self.guard.run_detached(&key, step);
        }
    }

    /// Renews them three times in each of their lives, for as long as it is polled and the store says that they stand.
    /// None where there is none.
    ///
    /// An unreachable store is asked again at the next turn: two turns can be missed before the life is over.
    pub(crate) fn renewal(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let (guard, life) = (Arc::clone(&self.guard), self.life);
        let held = self.held.iter().flatten();
        let mut standing: Vec<(Arc<str>, Nonce)> =
            held.map(|held| (Arc::clone(&held.key), held.token)).collect();
        if standing.is_empty() {
            return None;
        }
        Some(async move {
            if let [(key, token)] = &standing[..] {
                return renew(&guard, key, Expected::Lease(*token), life).await;
            }
            while !standing.is_empty() {
                time::sleep(life / 3).await;
                let step = |token| Step::Renew { expected: Expected::Lease(token), life };
                let steps: Vec<_> =
                    standing.iter().map(|(key, token)| (&**key, step(*token))).collect();
                if let Ok(replies) = guard.run_many(&steps).await {
                    let mut replies = replies.into_iter();
                    standing.retain(|_| replies.next() != Some(Ok(Reply::Superseded)));
                }
            }
        })
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        if self.held.iter().any(Option::is_some) {
            self.release();
        }
    }
}

/// Renews what `expected` names for as long as it is polled and the store says that it stands.
///
/// An unreachable store is asked again at the next turn: two turns can be missed before the life is over.
pub(crate) async fn renew(guard: &Guard, key: &str, expected: Expected, life: Duration) {
    loop {
        time::sleep(life / 3).await;
        let reply = guard.run(key, Step::Renew { expected, life }).await;
        if reply == Ok(Reply::Superseded) {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
