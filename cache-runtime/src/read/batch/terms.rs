//! How the rows of a batch are kept, whoever loads them: what a load in the background takes along.

use std::sync::Arc;

use crate::{policy::Policy, shared::Inner, stats::Counters};

/// What all rows of a call have in common.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(super) inner: Arc<Inner>,
    pub(super) counters: Arc<Counters>,
    pub(super) policy: Policy,
    /// The stored names of the tags that each entry carries: sorted, each once.
    pub(super) tags: Vec<String>,
}

impl Terms {
    /// Those of a call whose entries carry `tags`, as they are stored.
    pub(crate) fn new(
        inner: &Arc<Inner>,
        counters: Arc<Counters>,
        policy: Policy,
        tags: Vec<String>,
    ) -> Self {
        Terms { inner: Arc::clone(inner), counters, policy, tags: inner.carried(tags) }
    }
}
