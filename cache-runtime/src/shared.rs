//! The state that the clones of one cache share.

mod direct;

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub(crate) use self::direct::{Direct, Tag};
use crate::{
    active_refreshes::ActiveRefreshes,
    declared::Declarations,
    flight::Flights,
    guard::Guard,
    key::{self, KeyWriter},
    lease::Claims,
    stats::Registry,
    store::queue::Names,
};

/// A load that goes on in the background, as [`Builder::wrap_background`](crate::Builder::wrap_background) wraps it. Its
/// value is stored by itself, and handed to whoever waits for it.
pub type BackgroundLoad = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What wraps such a load.
pub(crate) type WrapBackground = Arc<dyn Fn(BackgroundLoad) -> BackgroundLoad + Send + Sync>;

pub(crate) struct Inner {
    /// `None` where the cache is disabled.
    pub(crate) guard: Option<Arc<Guard>>,
    pub(crate) namespace: Option<Box<str>>,
    /// The stored key of the tag that every entry of the namespace carries.
    pub(crate) namespace_tag: Option<Box<str>>,
    pub(crate) fence_life: Duration,
    /// The life of a fence that a transaction has raised.
    pub(crate) transaction_fence_life: Duration,
    pub(crate) flights: Arc<Flights<Claims>>,
    pub(crate) active_refreshes: Arc<ActiveRefreshes>,
    pub(crate) registry: Registry,
    /// What its functions have said that they are.
    pub(crate) declared: Declarations,
    /// The queues that this process has used.
    pub(crate) queues: Mutex<HashMap<Box<str>, Arc<Names>>>,
    /// The description of the store for `Debug`, without credentials.
    pub(crate) description: String,
    /// What loads in the background are wrapped in.
    pub(crate) wrap_background: Option<WrapBackground>,
}

impl Inner {
    /// The stored keys of the queue with this title.
    pub(crate) fn queue(&self, title: &str) -> Arc<Names> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = queues.get(title) {
            return Arc::clone(names);
        }
        let names = Arc::new(Names::new(self.namespace.as_deref(), title));
        queues.insert(title.into(), Arc::clone(&names));
        names
    }

    /// The stored key of a tag.
    pub(crate) fn tag(&self, write: impl FnOnce(&mut KeyWriter<'_>)) -> String {
        key::stored_tag(self.namespace.as_deref(), write)
    }

    /// A stored tag as it was named; that of the namespace is `#all`.
    pub(crate) fn tag_name<'t>(&self, stored: &'t str) -> &'t str {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let own = stored.strip_prefix(namespace).unwrap_or(stored).trim_start_matches(':');
        own.strip_prefix(key::TAG).unwrap_or(own)
    }

    /// The stored keys of all tags of an entry with `tags`: the namespace's tag is added, and they are sorted and unique.
    pub(crate) fn entry_tags(&self, mut tags: Vec<String>) -> Vec<String> {
        tags.extend(self.namespace_tag.as_deref().map(str::to_owned));
        each_once(tags)
    }
}

/// Stored names as an entry has them: sorted, each once.
pub(crate) fn each_once(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}
