//! Loads that go on without their caller: of values that are served and have to be renewed, and of those that the caller
//! waits for no longer than `soft_timeout` says.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    runtime::Handle,
    time::{self, Sleep},
};

use super::{
    engine::Engine,
    function::{Function, Purpose, Spawned},
};

/// Has a task renew what the first look has found to be due, but for keys that this process is renewing already.
///
/// The process that is elected for a key, of the whole fleet, loads it. A write in between wins: the new value is stored
/// only in the place of the very one that was seen.
pub(super) fn renew(engine: &mut Engine, function: &mut dyn Function) {
    let due = mem::take(&mut engine.first_look.due);
    if due.is_empty() || Handle::try_current().is_err() {
        return;
    }
    let (mut renewals, mut keys, mut at) = (Vec::new(), Vec::new(), Vec::new());
    for (index, entry) in due {
        let state = &engine.keys[index];
        if let Some(renewal) = engine.request.inner.active_refreshes.begin(state.key()) {
            renewals.push(renewal);
            keys.push(state.replacing(entry));
            at.push(index);
        }
    }
    if !at.is_empty() {
        let mut task = engine.handed_on(keys);
        task.renewals = renewals;
        task.falls_back = false;
        function.spawn(task, &at, Purpose::Renew);
    }
}

/// Whether this call need not wait for the load of what is missing longer than `soft_timeout` says: it holds an expired
/// value for each of these keys then, decoded.
pub(super) fn may_load(engine: &mut Engine, function: &mut dyn Function) -> bool {
    let soft = engine.first_look.renews && engine.request.policy.soft_timeout.is_some();
    if !soft || engine.is_answered() || !engine.can_fall_back() {
        return false;
    }
    for at in engine.missing() {
        let Some(entry) = engine.keys[at].stale().cloned() else { return false };
        if let Err(error) = function.decode(at, &entry, &engine.request.policy.encoding) {
            engine.reject(at, &entry, error);
            return false;
        }
    }
    true
}

/// Has a task load what is missing. Hits are not audited by such a call: its caller is not to wait for them either.
pub(super) fn load(mut engine: Engine, function: &mut dyn Function) -> Waited {
    engine.first_look.audited.clear();
    let at = engine.missing();
    let handed = at.iter().map(|&at| &engine.keys[at]);
    let handed = handed.filter_map(|state| Some(state.replacing(state.stale()?.clone())));
    let task = engine.handed_on(handed.collect());
    function.spawn(task, &at, Purpose::Answer);
    let soft = engine.request.policy.soft_timeout.unwrap_or_default();
    Waited { engine, at, patience: Box::pin(time::sleep(soft)) }
}

/// A call whose load goes on in a task.
pub(super) struct Waited {
    engine: Engine,
    /// The keys that the task loads. The function holds their expired values.
    at: Vec<usize>,
    patience: Pin<Box<Sleep>>,
}

impl Waited {
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        function: &mut dyn Function,
    ) -> Poll<Spawned> {
        match function.poll_spawned(cx) {
            Poll::Pending => self.patience.as_mut().poll(cx).map(|()| Spawned::Lost),
            ready => ready,
        }
    }

    /// The call, and whether the function holds a value for each of its keys.
    pub(super) fn end(mut self, spawned: Spawned) -> (Engine, bool) {
        let (stale, has_values) = match spawned {
            Spawned::Values(stale) => (stale, true),
            Spawned::Output(stale) => (stale, false),
            // It takes too long, or it has panicked.
            Spawned::Lost => (vec![true; self.at.len()], true),
        };
        for (at, stale) in self.at.into_iter().zip(stale) {
            let outcome = self.engine.keys[at].answered_by_another(stale);
            self.engine.count(at, outcome);
        }
        (self.engine, has_values)
    }
}
