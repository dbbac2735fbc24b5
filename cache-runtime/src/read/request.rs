//! What one call asks for: on which cache, under which tags, and how what it loads is kept.

use std::sync::Arc;

use crate::{
    detour::{self, Kind},
    encoding::Encoding,
    guard::Guard,
    policy::Policy,
    shared::Inner,
    stats::{Counters, NotStored},
    telemetry::About,
};

/// What all keys of a call have in common. A load in the background takes it along.
#[derive(Clone)]
pub(crate) struct Request {
    pub(super) inner: Arc<Inner>,
    pub(super) guard: Arc<Guard>,
    pub(super) counters: Arc<Counters>,
    pub(super) policy: Policy,
    /// The stored names of the tags that each entry carries: sorted, each once.
    pub(super) tags: Vec<String>,
    /// Whether it loads whatever is cached.
    pub(super) refreshes: bool,
}

impl Request {
    /// A call for entries that carry `tags`, named as they are stored. None where the cache is disabled, or bypassed.
    pub(crate) fn new(
        inner: &Arc<Inner>,
        counters: Arc<Counters>,
        policy: Policy,
        tags: Vec<String>,
    ) -> Option<Self> {
        let guard = Arc::clone(inner.guard.as_ref()?);
        let detour = detour::of(Arc::as_ptr(inner).addr());
        if detour == Some(Kind::Bypass) {
            past(&counters, &policy, NotStored::Bypassed);
            return None;
        }
        let refreshes = detour.is_some();
        let tags = inner.entry_tags(tags);
        Some(Request { inner: Arc::clone(inner), guard, counters, policy, tags, refreshes })
    }

    /// How its values are encoded.
    pub(crate) fn encoding(&self) -> Encoding {
        self.policy.encoding
    }

    /// The subject of an event that concerns the entry under `key`, or the whole call.
    pub(super) fn about<'a>(&'a self, key: Option<&'a str>) -> About<'a> {
        About {
            function: self.counters.name,
            template: self.policy.template,
            key: key.and_then(|key| self.guard.shown(key)),
        }
    }
}

/// Counts a call that goes past the cache, and so stores nothing.
#[cold]
pub(crate) fn past(counters: &Counters, policy: &Policy, why: NotStored) {
    counters.bypassed.add_one();
    let about = About { function: counters.name, template: policy.template, key: None };
    counters.not_stored(about, why);
}
