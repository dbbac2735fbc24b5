//! One call of a cached function: which entry it wants, under which tags, and how that is to be kept.

use std::sync::Arc;

use crate::{guard::Guard, policy::Policy, shared::Inner, stats::Counters, telemetry::About};

/// What a call asks for. A refresh in the background takes it along.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) inner: Arc<Inner>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) policy: Policy,
    /// The stored key.
    pub(super) key: String,
    /// The stored names of the entry's tags: sorted, each once.
    pub(super) tags: Vec<String>,
}

impl Request {
    /// A call for the entry under `key` that carries `tags`, both as they are stored.
    pub(crate) fn new(
        inner: &Arc<Inner>,
        counters: Arc<Counters>,
        policy: Policy,
        key: String,
        tags: Vec<String>,
    ) -> Self {
        let tags = inner.carried(tags);
        Request { inner: Arc::clone(inner), counters, policy, key, tags }
    }

    /// What an event is about that concerns this call, and what is under `key`.
    pub(super) fn about<'a>(&self, guard: &Guard, key: &'a str) -> About<'a> {
        about(guard, &self.counters, &self.policy, key)
    }
}

/// What an event is about that concerns the entry under `key`.
pub(super) fn about<'a>(
    guard: &Guard,
    counters: &Counters,
    policy: &Policy,
    key: &'a str,
) -> About<'a> {
    About { function: counters.name, template: policy.template, key: guard.shown(key) }
}
