//! What the body of a writer finds to be stale besides the keys of its function.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use super::Fence;
use crate::{
    key::KeyWriter,
    shared::{Direct, Inner},
};

tokio::task_local! {
    static WRITER: Arc<Within>;
}

/// The body of one writer.
struct Within {
    inner: Arc<Inner>,
    version: Option<u32>,
    /// To be settled with its own.
    fences: Mutex<Vec<Fence>>,
}

/// Runs the body of a writer. Returns what it returns, and what it has fenced besides. A body that is dropped leaves those
/// fences, as those of the function.
pub(super) async fn run<F: Future>(
    inner: &Arc<Inner>,
    version: Option<u32>,
    body: F,
) -> (F::Output, Vec<Fence>) {
    let (inner, fences) = (Arc::clone(inner), Mutex::default());
    let within = Arc::new(Within { inner, version, fences });
    let output = WRITER.scope(Arc::clone(&within), body).await;
    let fences = std::mem::take(&mut *within.fences.lock().unwrap_or_else(PoisonError::into_inner));
    (output, fences)
}

/// Fences a key for the writer whose body this is called in. Says whether there is one.
pub(crate) async fn fence(write: impl FnOnce(&mut KeyWriter<'_>)) -> bool {
    let Ok(within) = WRITER.try_with(Arc::clone) else { return false };
    let call = Direct::invalidates("also_invalidate", within.version);
    let (key, _) = within.inner.direct_key(&call, write);
    within.add(key).await;
    true
}

/// The same of a tag.
pub(crate) async fn fence_tag(write: impl FnOnce(&mut KeyWriter<'_>)) -> bool {
    let Ok(within) = WRITER.try_with(Arc::clone) else { return false };
    let tag = within.inner.direct_stale_tag("also_invalidate_tag", write);
    within.add(tag).await;
    true
}

impl Within {
    async fn add(&self, stored: String) {
        let fence = Fence::raise(&self.inner, vec![stored]).await;
        self.fences.lock().unwrap_or_else(PoisonError::into_inner).push(fence);
    }
}
