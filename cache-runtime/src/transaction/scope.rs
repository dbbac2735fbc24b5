//! The fences of one transaction: each key's is raised once, and all are settled together.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use tokio::sync;

use super::LIVE;
use crate::{error::Error, fences::Fences, guard::Guard, telemetry::log_unconfirmed};

/// The scope of one transaction.
pub(crate) struct Scope {
    state: Mutex<State>,
    /// Whether a writer that came after the end has been logged.
    warned: AtomicBool,
}

#[derive(Default)]
struct State {
    ended: bool,
    /// Whether it is not known if the database has committed.
    unknown: bool,
    /// For how long the fences stand after the commit.
    hold: Duration,
    groups: Vec<Arc<Group>>,
    /// Which group each key is in, of each cache: the address of its guard identifies it, and the group keeps that alive.
    keys: HashMap<(usize, Arc<str>), Arc<Group>>,
}

/// Keys that one writer was the first to fence. Who raises the fences holds the lock, so that others wait for them. Where it
/// is dropped meanwhile, the next one raises them.
struct Group {
    guard: Arc<Guard>,
    /// In order.
    keys: Vec<Arc<str>>,
    fences: sync::Mutex<Option<Fences>>,
}

/// Keys that are fenced for a transaction.
pub(crate) struct Fenced {
    pub(crate) keys: Vec<Arc<str>>,
    /// Whether the store has confirmed all of them.
    pub(crate) stands: bool,
}

impl Fenced {
    /// An error where the store has not confirmed all of them.
    pub(crate) fn confirmed(&self) -> Result<(), Error> {
        match self.stands {
            true => Ok(()),
            false => Err(Error::Unavailable(
                "a key of the transaction could not be fenced: it is emptied in the background"
                    .into(),
            )),
        }
    }
}

impl Scope {
    pub(super) fn new() -> Arc<Scope> {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Arc::new(Scope { state: Mutex::default(), warned: AtomicBool::new(false) })
    }

    /// Whether its future runs.
    pub(crate) fn is_open(&self) -> bool {
        !self.state().ended
    }

    /// Fences those of `keys` that are not fenced yet, all at once. None where the transaction is over: the writer that asks
    /// has to look after itself.
    ///
    /// The future is boxed, so that the type of a writer's own does not grow by what few writers need.
    pub(crate) fn fence<'a>(
        &'a self,
        guard: &'a Arc<Guard>,
        keys: impl IntoIterator<Item = String>,
        life: Duration,
    ) -> BoxFuture<'a, Option<Fenced>> {
        let keys = keys.into_iter().map(Arc::from).collect();
        Box::pin(self.fence_all(guard, keys, life))
    }

    async fn fence_all(
        &self,
        guard: &Arc<Guard>,
        mut keys: Vec<Arc<str>>,
        life: Duration,
    ) -> Option<Fenced> {
        keys.sort_unstable();
        keys.dedup();
        let Some(groups) = self.groups(guard, &keys) else {
            self.warn();
            return None;
        };
        let raised = join_all(groups.iter().map(|group| group.fence(&keys, life))).await;
        // One that has ended meanwhile may have settled them, or left them.
        if !self.is_open() {
            self.warn();
            return None;
        }
        Some(Fenced { keys, stands: raised.into_iter().all(|stands| stands) })
    }

    /// The groups that the keys are in, each once. None where the transaction is over.
    fn groups(&self, guard: &Arc<Guard>, keys: &[Arc<str>]) -> Option<Vec<Arc<Group>>> {
        let mut state = self.state();
        if state.ended {
            return None;
        }
        let name = |key: &Arc<str>| (Arc::as_ptr(guard).addr(), Arc::clone(key));
        let mut groups: Vec<Arc<Group>> = Vec::new();
        let mut new = Vec::new();
        for key in keys {
            match state.keys.get(&name(key)) {
                Some(group) if groups.iter().any(|known| Arc::ptr_eq(known, group)) => {}
                Some(group) => groups.push(Arc::clone(group)),
                None => new.push(Arc::clone(key)),
            }
        }
        if !new.is_empty() {
            let (guard, fences) = (Arc::clone(guard), sync::Mutex::default());
            let group = Arc::new(Group { guard, keys: new, fences });
            let named = group.keys.iter().map(|key| (name(key), Arc::clone(&group)));
            state.keys.extend(named);
            state.groups.push(Arc::clone(&group));
            groups.push(group);
        }
        Some(groups)
    }

    /// Ends it after its future: settles every fence, unless it is not known whether the database has committed.
    pub(super) async fn settle(&self) {
        let (unknown, hold) = {
            let state = self.state();
            (state.unknown, state.hold)
        };
        if unknown {
            tracing::warn!(
                "it is not known whether a transaction was committed: what it has written is not cached until its fences expire"
            );
            return self.leave();
        }
        let groups = self.end();
        if hold.is_zero() {
            return settle(groups).await;
        }
        tokio::spawn(async move {
            tokio::time::sleep(hold).await;
            settle(groups).await;
        });
    }

    /// Ends it, and leaves what fences there are until they expire.
    pub(super) fn leave(&self) {
        drop(self.end());
    }

    /// Has the fences stand for this time after the end. False where it is over.
    pub(crate) fn hold(&self, time: Duration) -> bool {
        let mut state = self.state();
        state.hold = state.hold.max(time);
        !state.ended
    }

    pub(super) fn outcome_is_unknown(&self) {
        self.state().unknown = true;
    }

    /// Logs that a writer came after the end, once.
    pub(crate) fn warn(&self) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a function wrote in a transaction's scope that has ended, so its keys are settled when it returns: await \
                 the tasks of a transaction within its scope"
            );
        }
    }

    fn end(&self) -> Vec<Arc<Group>> {
        let mut state = self.state();
        state.ended = true;
        state.keys.clear();
        mem::take(&mut state.groups)
    }

    /// Each change is whole before anything can panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn settle(groups: Vec<Arc<Group>>) {
    let settled = groups.iter().map(|group| async {
        let fences = group.fences.lock().await.take();
        match fences {
            Some(fences) => fences.settle(|_| None).await.map(drop),
            None => Ok(()),
        }
    });
    log_unconfirmed("transaction", join_all(settled).await.into_iter().collect());
}

impl Drop for Scope {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Group {
    /// Raises the fences, if nobody has. Says whether those of its keys stand that are among `asked`, which is in order.
    async fn fence(&self, asked: &[Arc<str>], life: Duration) -> bool {
        let mut fences = self.fences.lock().await;
        if fences.is_none() {
            *fences = Some(Fences::raise(&self.guard, self.keys.clone(), life).await);
        }
        let fences = fences.as_ref();
        let mut asked = self.keys.iter().filter(|key| asked.binary_search(key).is_ok());
        asked.all(|key| fences.is_some_and(|fences| fences.epoch(key).is_some()))
    }
}
