//! The shortest way to a hit: a value that this process holds decoded, with nothing to decide about it.
//!
//! Whatever is not plain goes the usual way, through the engine, which judges a local copy as it judges what the store
//! says: a value that is due or expired, one to be audited, a call within a load, one that bypasses the cache or refreshes it, an entry that stands beside another.

use std::{ptr, sync::Arc};

use super::{
    reentry,
    snapshot::{age_now, carries},
};
use crate::{
    codec, detour,
    encoding::Encoding,
    encryption,
    entry::Entry,
    expiry::Age,
    guard::Guard,
    keep::Keep,
    policy::Policy,
    protocol::Nonce,
    shared::Inner,
    stats::Counters,
    telemetry::{About, tell},
};

/// What a call asks for.
pub(crate) struct Wanted<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) guard: &'a Arc<Guard>,
    pub(crate) policy: &'a Policy,
    pub(crate) encoding: &'a Encoding,
    pub(crate) key: &'a str,
    /// The stored names of its tags, but for the namespace's.
    pub(crate) tags: &'a [String],
}

impl Wanted<'_> {
    /// The value, if this process holds it and may serve it as it is. It is counted as a hit.
    pub(crate) fn hit<T>(&self, keep: Keep<T>, counters: &Counters) -> Option<T> {
        let entry = self.entry()?;
        let value = keep.get(entry.decoded()?)?;
        self.count(&entry, counters);
        Some(value)
    }

    fn entry(&self) -> Option<Entry> {
        let Wanted { guard, policy, key, .. } = *self;
        let most = policy.local?;
        let makes_detour = || detour::of(ptr::from_ref(self.inner).addr()).is_some();
        if !policy.audit.is_zero()
            || !guard.is_plain()
            || reentry::is_within_load()
            || makes_detour()
        {
            return None;
        }
        let entry = guard.local(key, most)?;
        let usable = encryption::check(&entry).is_ok()
            && (!policy.names_tags || entry.is_named())
            && codec::fits(&entry, self.encoding)
            && age_now(&entry, policy, guard.clock()) == Age::Fresh
            && self.carries_its_tags(&entry);
        usable.then_some(entry)
    }

    fn carries_its_tags(&self, entry: &Entry) -> bool {
        let stamp = |tag: &str| Some(self.guard.local(tag, std::time::Duration::MAX)?.stamp());
        match (self.tags, self.inner.namespace_tag.as_deref()) {
            ([], None) => entry.tags().len() == 0,
            // The usual case has no list to sort.
            ([], Some(tag)) => entry.tags().len() == 1 && carries(entry, &[stamp(tag)], None),
            (tags, _) => {
                let tags = self.inner.entry_tags(tags.to_vec());
                let stamps: Vec<Option<Nonce>> = tags.iter().map(|tag| stamp(tag)).collect();
                stamps.iter().all(Option::is_some) && carries(entry, &stamps, None)
            }
        }
    }

    fn count(&self, entry: &Entry, counters: &Counters) {
        counters.local_hits.add_one();
        let about = || About {
            function: counters.name,
            template: self.policy.template,
            key: self.guard.shown(self.key),
        };
        match entry.negative() {
            false => {
                counters.hits.add_one();
                tell!(trace, about(), outcome = "hit", "a call was answered by a local copy");
            }
            true => {
                counters.negative_hits.add_one();
                tell!(
                    trace,
                    about(),
                    outcome = "negative_hit",
                    "a call was answered by a local copy"
                );
            }
        }
    }
}
