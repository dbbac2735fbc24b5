//! What the clones of one cache share.

use std::{sync::Arc, time::Duration};

use crate::{flight::Flights, guard::Guard, lease::Claim, refreshing::Refreshing, stats::Registry};

pub(crate) struct Inner {
    /// None where the cache is disabled.
    pub(crate) guard: Option<Arc<Guard>>,
    pub(crate) namespace: Option<Box<str>>,
    /// The stored name of the tag that every entry of the namespace carries.
    pub(crate) namespace_tag: Option<Box<str>>,
    pub(crate) fence_life: Duration,
    pub(crate) flights: Arc<Flights<Claim>>,
    pub(crate) refreshing: Arc<Refreshing>,
    pub(crate) registry: Registry,
    /// What `Debug` says of the store: never a credential.
    pub(crate) description: String,
}

impl Inner {
    /// The stored names of all tags that an entry with these carries: sorted, each once, and the
    /// namespace's with them.
    pub(crate) fn carried(&self, mut tags: Vec<String>) -> Vec<String> {
        tags.extend(self.namespace_tag.as_deref().map(str::to_owned));
        tags.sort_unstable();
        tags.dedup();
        tags
    }
}
