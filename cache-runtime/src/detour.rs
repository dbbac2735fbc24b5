//! Calls for which a cache is no answer: those that go past it, and those that renew what is in it.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

tokio::task_local! {
    static CURRENT: Arc<Detour>;
}

/// How many there are in this process. While there is none, a call need not look for its own.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// What the calls of one cache do, within a future.
struct Detour {
    /// The address of what the clones of the cache share. The future holds a clone.
    cache: usize,
    kind: Kind,
    /// That of the future around.
    around: Option<Arc<Detour>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// They go past the cache.
    Bypass,
    /// They load, and store what they have loaded.
    Refresh,
}

impl Drop for Detour {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs `future`, within which calls on the cache with this address make a detour.
pub(crate) async fn within<F: Future>(cache: usize, kind: Kind, future: F) -> F::Output {
    LIVE.fetch_add(1, Ordering::Relaxed);
    let around = CURRENT.try_with(Arc::clone).ok();
    let detour = Arc::new(Detour { cache, kind, around });
    // Pinned here, so that the future of the scope holds a reference and not a copy.
    CURRENT.scope(detour, pin!(future)).await
}

/// The detour that calls on the cache with this address make here.
#[inline]
pub(crate) fn of(cache: usize) -> Option<Kind> {
    if LIVE.load(Ordering::Relaxed) == 0 { None } else { find(cache) }
}

#[cold]
fn find(cache: usize) -> Option<Kind> {
    let find = |innermost: &Arc<Detour>| {
        let mut next = Some(innermost);
        while let Some(detour) = next {
            if detour.cache == cache {
                return Some(detour.kind);
            }
            next = detour.around.as_ref();
        }
        None
    };
    CURRENT.try_with(find).ok().flatten()
}
