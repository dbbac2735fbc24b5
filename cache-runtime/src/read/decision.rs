//! What the closures over a loaded value decide: for how long it is kept, if at all.

use std::time::Duration;

use serde::Serialize;

use crate::{
    codec,
    key::{self, CacheKey, Template},
    policy::Policy,
    shared::each_once,
    stats::NotStored,
    time::IntoTtl,
};

/// What closures over the loaded value decide.
#[derive(Debug)]
pub struct Decision {
    ttl: Duration,
    unless: bool,
    tags: Vec<String>,
    kinds: Vec<Template>,
    /// That of the cache, where tags may be named.
    namespace: Option<Box<str>>,
}

/// What has been decided.
#[derive(Debug)]
pub(super) struct Decided {
    /// For how long it is kept, or why not at all.
    pub(super) ttl: Result<Duration, NotStored>,
    /// The stored names of the tags that the value names: sorted, each once.
    pub(super) tags: Vec<String>,
    /// How their names are written.
    pub(super) kinds: Vec<Template>,
}

impl Decision {
    /// This value's time to live.
    pub fn ttl(&mut self, ttl: impl IntoTtl) {
        self.ttl = ttl.into_ttl();
    }

    /// Whether this value is not to be stored.
    pub fn unless(&mut self, unless: bool) {
        self.unless |= unless;
    }

    /// Tags that this value names.
    pub fn tags<K: CacheKey>(&mut self, tags: impl IntoIterator<Item = K>) {
        let namespace = self.namespace.as_deref();
        let kinds = &mut self.kinds;
        let stored = |tag| {
            key::stored_tag(namespace, |out| {
                out.key(&tag);
                kinds.push(out.described());
            })
        };
        self.tags.extend(tags.into_iter().map(stored));
    }

    /// For how long a loaded value is kept: as the policy says, and of one that is not `None`, what looks at it; or why not at
    /// all. And under which tags, in a cache with this namespace.
    pub(super) fn of<T: Serialize>(
        stored: &T,
        (policy, namespace): (&Policy, Option<&str>),
        decide: impl FnOnce(&mut Decision),
    ) -> Decided {
        // Asked of the value rather than of the shape: a type parameter or a wrapper can be an `Option` too.
        if codec::is_none(stored) {
            let ttl = some(policy.negative_ttl.unwrap_or_default(), NotStored::Absent);
            return Decided { ttl, tags: Vec::new(), kinds: Vec::new() };
        }
        let namespace = namespace.filter(|_| policy.names_tags).map(Box::from);
        let (tags, kinds) = (Vec::new(), Vec::new());
        let mut decision = Decision { ttl: policy.ttl, unless: false, tags, kinds, namespace };
        decide(&mut decision);
        decision.ended()
    }

    fn ended(self) -> Decided {
        let Decision { ttl, unless, tags, kinds, .. } = self;
        let ttl = match unless {
            true => Err(NotStored::Unless),
            false => some(ttl, NotStored::ZeroTtl),
        };
        Decided { ttl, tags: each_once(tags), kinds }
    }
}

/// A time to live, if it is one.
fn some(ttl: Duration, none: NotStored) -> Result<Duration, NotStored> {
    if ttl.is_zero() { Err(none) } else { Ok(ttl) }
}

/// What looks at no value: the closures of a function that has none.
pub fn keep<V: ?Sized>(_: &V, _: &mut Decision) {}
