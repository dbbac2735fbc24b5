//! The writer flow: fence the keys, let the write happen, settle. And what becomes of a settlement that
//! does not get through.

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{runtime::Handle, task::AbortHandle};

use crate::{
    entry::Entry,
    error::Error,
    guard::Guard,
    inner::Inner,
    lease::renew,
    protocol::{Expected, Nonce, Reply, Step},
    redelivery,
    stats::Counters,
    time::nonce,
};

/// Keys that are fenced for a write.
///
/// While it stands, no cached copy of the keys is served, and nothing can be stored under them. It is
/// renewed for as long as it is held, so that a long transaction is covered.
///
/// # Dropping
///
/// A fence that is dropped without [`settle`](Fence::settle) stands for its time (10 s by default) and then
/// falls: the write may have been committed, so nothing may be cached until every load that could have
/// seen the old value has ended.
#[must_use = "a fence keeps its keys out of the cache until it is settled"]
pub struct Fence {
    /// None where the cache is disabled.
    guard: Option<Arc<Guard>>,
    keys: Vec<FencedKey>,
    renewal: Option<Renewal>,
}

struct FencedKey {
    key: Arc<str>,
    /// The epoch in force; where the store did not answer, the one that was proposed, which may stand.
    epoch: Nonce,
    /// Whether the store has confirmed the fence.
    stands: bool,
}

impl Fence {
    /// Fences the keys, all at once.
    pub(crate) async fn raise(inner: &Inner, mut keys: Vec<String>) -> Fence {
        let Some(guard) = &inner.guard else {
            return Fence { guard: None, keys: Vec::new(), renewal: None };
        };
        // A key that is named twice has one writer, not two that contend.
        keys.sort_unstable();
        keys.dedup();
        let life = inner.fence_life;
        let raised = keys.into_iter().map(|key| async {
            let proposed = nonce();
            let confirmed = raise(guard, &key, proposed, life).await;
            if let Err(error) = &confirmed {
                tracing::warn!(key, %error, "a write could not fence its cache key");
            }
            let stands = confirmed.is_ok();
            FencedKey { key: key.into(), epoch: confirmed.unwrap_or(proposed), stands }
        });
        let keys: Vec<_> = join_all(raised).await;
        let renewal = Renewal::start(guard, &keys, life);
        Fence { guard: Some(Arc::clone(guard)), keys, renewal }
    }

    /// Whether every key is fenced in the store.
    ///
    /// Where it is not (the store cannot be reached), the write is still safe to make, but other processes
    /// may serve the old value until the settlement arrives.
    pub fn stands(&self) -> bool {
        self.keys.iter().all(|key| key.stands)
    }

    /// Ends the fence, after the write: the keys are empty, and the next read loads.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store could not be told. It is told again in the background, for a
    /// minute; a fence that stands falls by itself within its time.
    ///
    /// # Cancellation
    ///
    /// As [dropping](Fence#dropping).
    pub async fn settle(mut self) -> Result<(), Error> {
        // Before anything else, so that no renewal comes after the settlement.
        self.renewal = None;
        let Some(guard) = &self.guard else { return Ok(()) };
        let settled = join_all(self.keys.iter().map(|key| settle(guard, key))).await;
        settled.into_iter().collect()
    }

    pub(crate) fn keys(&self) -> u64 {
        self.keys.len() as u64
    }
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.key)).finish()
    }
}

/// Fences one key, and says which epoch is in force.
async fn raise(guard: &Guard, key: &str, proposed: Nonce, life: Duration) -> Result<Nonce, Error> {
    match guard.run(key, Step::Fence { epoch: proposed, life }).await? {
        Reply::Fenced(epoch) => Ok(epoch),
        _ => Err(Error::Unavailable("the store did not fence the key".into())),
    }
}

/// Settles one key. An epoch that is not in force does what a delete does: a fence of others stays, contended.
async fn settle(guard: &Arc<Guard>, fenced: &FencedKey) -> Result<(), Error> {
    let step = Step::Settle { epoch: fenced.epoch, value: None };
    deliver(guard, &fenced.key, step).await
}

/// Takes a step that must not be lost.
async fn deliver(guard: &Arc<Guard>, key: &Arc<str>, step: Step<Entry>) -> Result<(), Error> {
    let delivered = guard.deliver(key, step).await;
    if delivered.is_err() {
        redelivery::retry(guard, key);
    }
    delivered
}

/// Empties `key`, or sees to it that it will be.
pub(crate) async fn invalidate(guard: &Arc<Guard>, key: String) -> Result<(), Error> {
    deliver(guard, &key.into(), Step::Delete).await
}

/// Writes a value through: the fence makes it lose against every other writer at work.
pub(crate) async fn put(
    guard: &Arc<Guard>,
    key: String,
    entry: Entry,
    ttl: Duration,
    fence_life: Duration,
) -> Result<(), Error> {
    let key: Arc<str> = key.into();
    let epoch = raise(guard, &key, nonce(), fence_life).await?;
    let value = (!ttl.is_zero()).then(|| (entry.stamp(), entry, ttl));
    deliver(guard, &key, Step::Settle { epoch, value }).await
}

/// Runs a writer's body under a fence of `keys`.
///
/// The keys are settled whatever the body returned, since an error may hide a commit. A body that is
/// dropped or panics leaves the fence standing: its statement may yet be committed.
pub(crate) async fn invalidates<F: Future>(
    inner: &Inner,
    counters: &Counters,
    keys: Vec<String>,
    body: F,
) -> F::Output {
    let fence = Fence::raise(inner, keys).await;
    if !fence.stands() {
        counters.store_errors.add_one();
    }
    let keys = fence.keys();
    let output = body.await;
    let settled = fence.settle().await;
    if let Err(error) = settled {
        tracing::warn!(%error, "an invalidation has not reached the cache's store yet");
        counters.store_errors.add_one();
    }
    counters.invalidations.add(keys);
    output
}

/// The task that renews a fence. Dropping it ends it.
struct Renewal(AbortHandle);

impl Renewal {
    fn start(guard: &Arc<Guard>, keys: &[FencedKey], life: Duration) -> Option<Renewal> {
        let runtime = Handle::try_current().ok()?;
        let renewals: Vec<_> = keys
            .iter()
            .filter(|key| key.stands)
            .map(|key| {
                let (guard, epoch, key) = (Arc::clone(guard), key.epoch, Arc::clone(&key.key));
                async move { renew(&guard, &key, Expected::Fence(epoch), life).await }
            })
            .collect();
        let task = runtime.spawn(async move { drop(join_all(renewals).await) });
        Some(Renewal(task.abort_handle()))
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}
