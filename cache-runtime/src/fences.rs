//! The fences of one write: raised together, renewed together while it is at work, settled or left together.
//!
//! Each key's steps are sent by themselves, some hundreds at the same time: one round trip for most writes. So one that is
//! not answered keeps none from being confirmed.

use std::{mem, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{runtime::Handle, task::AbortHandle, time};

use crate::{
    error::Error,
    guard::{Guard, KeyWrite, Value, abandon},
    protocol::{Expected, Nonce, Reply, Step},
    stats::NotStored,
    time::nonce,
};

/// Keys that are fenced for a write. Dropping them leaves those fences that stand for their time.
pub(crate) struct Fences {
    guard: Arc<Guard>,
    /// In the order of their names.
    writes: Vec<KeyWrite>,
    life: Duration,
    renewal: Option<Renewal>,
}

impl Fences {
    /// Fences the keys, which are in order, each once.
    ///
    /// The future is boxed, as that of a settlement is: what a writer's caller is compiled with ends here.
    pub(crate) fn raise(
        guard: &Arc<Guard>,
        keys: Vec<Arc<str>>,
        life: Duration,
    ) -> BoxFuture<'_, Fences> {
        Box::pin(Fences::raise_all(guard, keys, life))
    }

    async fn raise_all(guard: &Arc<Guard>, keys: Vec<Arc<str>>, life: Duration) -> Fences {
        let mut fences =
            Fences { guard: Arc::clone(guard), writes: Vec::new(), life, renewal: None };
        let raised = keys.into_iter().map(|key| async {
            let outcome = guard.fence(key, nonce(), life).await;
            if let Some(error) = outcome.error {
                let key = guard.shown(outcome.write.key());
                tracing::warn!(key, %error, "a write could not fence its cache key");
            }
            outcome.write
        });
        guard.each(raised, |write| fences.writes.push(write)).await;
        fences.renewal = Renewal::start(guard, &fences.writes, life);
        // Where none is confirmed, too: a server that is gone serves nobody, but what was copied from it is served for a while.
        if !fences.writes.is_empty() {
            guard.outlive_copies().await;
        }
        fences
    }

    /// Whether every key is fenced in the store.
    pub(crate) fn stand(&self) -> bool {
        self.writes.iter().all(KeyWrite::is_fenced)
    }

    /// The epoch under which this very key is fenced in the store, where it is.
    pub(crate) fn epoch(&self, key: &str) -> Option<Nonce> {
        let at = self.writes.binary_search_by(|write| (**write.key()).cmp(key)).ok()?;
        self.writes[at].is_fenced().then(|| self.writes[at].epoch())
    }

    /// The keys, in order.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.writes.iter().map(KeyWrite::key)
    }

    /// Settles them, leaving under each key what `value` says, if no other writer has been at work there.
    ///
    /// Nothing is left where the store has not confirmed the fence: it may be raised only now, after others have
    /// written.
    pub(crate) fn settle(
        self,
        mut value: impl FnMut(&str) -> Option<Value>,
    ) -> BoxFuture<'static, Result<Settled, Error>> {
        let values = self.writes.iter().map(|write| match write.is_fenced() {
            true => value(write.key()),
            false => None,
        });
        let values = values.collect();
        Box::pin(self.settle_all(values))
    }

    async fn settle_all(mut self, values: Vec<Option<Value>>) -> Result<Settled, Error> {
        // Before anything else, so that no renewal comes after the settlement.
        self.renewal = None;
        let guard = Arc::clone(&self.guard);
        let writes = mem::take(&mut self.writes).into_iter();
        let (mut settled, mut first) = (Settled::default(), None);
        let ends = writes.zip(values).map(|(write, value)| write.settle(value));
        guard
            .each(ends, |ended| match ended {
                Ok(why) => settled.not_stored = settled.not_stored.or(why),
                Err(error) => _ = first.get_or_insert(error),
            })
            .await;
        first.map_or(Ok(settled), Err)
    }
}

/// What has become of settled fences.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settled {
    /// Why a value that was to be left is not stored, if it is not.
    pub(crate) not_stored: Option<NotStored>,
}

impl Drop for Fences {
    fn drop(&mut self) {
        let fences: Vec<_> = self.writes.iter_mut().filter_map(KeyWrite::take_fence).collect();
        if !fences.is_empty() {
            abandon(&self.guard, fences, self.life);
        }
    }
}

/// The task that renews fences. Dropping it ends it.
struct Renewal(AbortHandle);

impl Renewal {
    fn start(guard: &Arc<Guard>, writes: &[KeyWrite], life: Duration) -> Option<Renewal> {
        let runtime = Handle::try_current().ok()?;
        let fenced = writes.iter().filter(|write| write.is_fenced());
        let fences: Vec<_> = fenced.map(|write| (Arc::clone(write.key()), write.epoch())).collect();
        let task = runtime.spawn(renew(Arc::clone(guard), fences, life));
        Some(Renewal(task.abort_handle()))
    }
}

/// Renews the fences of these epochs three times in their life, for as long as the store says that they stand.
///
/// An unreachable store is asked again at the next turn: two turns can be missed before the life is over.
async fn renew(guard: Arc<Guard>, mut fences: Vec<(Arc<str>, Nonce)>, life: Duration) {
    while !fences.is_empty() {
        time::sleep(life / 3).await;
        let guard = &*guard;
        let renewals = fences.clone().into_iter().map(|(key, epoch)| async move {
            guard.run(&key, Step::Renew { expected: Expected::Fence(epoch), life }).await
        });
        let mut stand = Vec::with_capacity(fences.len());
        guard.each(renewals, |reply| stand.push(reply != Ok(Reply::Superseded))).await;
        let mut stand = stand.into_iter();
        fences.retain(|_| stand.next() == Some(true));
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}
