//! A write and its two round trips: one that fences its keys and asks for the stamps of its tags, and one that
//! settles them with what it leaves.

use std::{sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    future::{join, join_all, join4},
};
use tokio::runtime::Handle;

use super::{fence::Fence, invalidate::invalidate_all, result::Leave, tags::EntryTags};
use crate::{
    entry::Entry,
    error::Error,
    expiry::{Expiry, store_ttl},
    guard::{Guard, Value},
    policy::Policy,
    protocol::Nonce,
    shared::Inner,
    stats::{Counters, NotStored},
    telemetry::{About, log_unconfirmed},
    time::nonce,
    transaction,
};

/// What one write touches.
pub(crate) struct Through<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) guard: &'a Arc<Guard>,
    pub(crate) counters: &'a Counters,
    pub(crate) policy: &'a Policy,
    /// The key under which a value is left, if any.
    pub(crate) key: Option<String>,
    /// The keys and tags that are made stale.
    pub(crate) fences: Vec<String>,
    /// The tags that the value carries.
    pub(crate) tags: Vec<String>,
    /// For how long the fences stand after the write.
    pub(crate) hold: Duration,
}

/// A write at work under its fences.
pub(super) struct Begun<'a> {
    pub(super) inner: &'a Arc<Inner>,
    guard: &'a Arc<Guard>,
    counters: &'a Counters,
    pub(super) policy: &'a Policy,
    key: Option<String>,
    fence: Fence,
    entry_tags: EntryTags,
    hold: Duration,
}

impl<'a> Through<'a> {
    /// The first round trip. Where `confirmed`, an error unless all its keys are fenced.
    pub(super) async fn begin(self, confirmed: bool) -> Result<Begun<'a>, Error> {
        let Through { inner, guard, counters, policy, key, mut fences, tags, hold } = self;
        // What a transaction has written may never be committed.
        let stores = key.is_some() && !transaction::is_within();
        let tags = if stores { inner.entry_tags(tags) } else { Vec::new() };
        let mut entry_tags = EntryTags::new(tags, &fences);
        fences.extend(key.clone());
        let key = key.filter(|_| stores);
        let fence = Fence::raise(inner, fences);
        let ask = entry_tags.ask(guard, store_ttl(policy.ttl, policy));
        let (fence, asked) = join(fence, ask).await;
        if !fence.stands() || asked.is_err() {
            counters.store_errors.add_one();
        }
        let begun = Begun { inner, guard, counters, policy, key, fence, entry_tags, hold };
        match confirmed {
            true => begun.confirmed().await,
            false => Ok(begun),
        }
    }
}

impl Begun<'_> {
    /// Ends the write in a task of its own, but for what is done at once: on the embedded store, all of it. Outside of a
    /// runtime nothing can be sent, and the fences fall by themselves.
    pub(super) fn end_apart(self, leave: Leave, others: Vec<Fence>) {
        let Begun { inner, guard, counters, policy, key, fence, entry_tags, hold } = self;
        let (inner, guard, policy) = (Arc::clone(inner), Arc::clone(guard), *policy);
        let counters = inner.registry.counters(counters.name);
        let mut end = Box::pin(async move {
            let (inner, guard, counters, policy) = (&inner, &guard, &counters, &policy);
            let begun = Begun { inner, guard, counters, policy, key, fence, entry_tags, hold };
            begun.end(leave, others).await;
        });
        if (&mut end).now_or_never().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(end);
        }
    }

    /// The write, if all its keys are fenced. If not, the fences that stand are settled.
    pub(super) async fn confirmed(mut self) -> Result<Self, Error> {
        match self.fence.confirmed().await {
            Ok(fence) => {
                self.fence = fence;
                Ok(self)
            }
            Err(error) => {
                self.counters.refused.add_one();
                Err(error)
            }
        }
    }

    /// The second round trip. `others` are the fences that the body has raised.
    pub(super) async fn end(self, leave: Leave, others: Vec<Fence>) {
        if !self.hold.is_zero() {
            return self.hold(leave, others).await;
        }
        let (value, emptied) = leave.decided();
        let value = value.and_then(|(entry, ttl)| self.value(&entry, ttl).map_err(Some));
        let why = value.as_ref().err().copied().flatten();
        let value = value.ok();
        let Begun { inner, guard, counters, policy, key, fence, entry_tags, .. } = self;
        let keys =
            fence.keys() + emptied.len() as u64 + others.iter().map(Fence::keys).sum::<u64>();
        // A ttl that came with the value may be longer than the one that the stamps were asked for.
        let hard = value.as_ref().map_or(Duration::ZERO, |(_, _, hard)| *hard);
        let prolonged = entry_tags.prolong(guard, hard);
        let settled = fence.leave(|fenced| match &value {
            Some(value) if key.as_deref() == Some(fenced) => Some(value.clone()),
            Some(_) => entry_tags.left(fenced, hard),
            None => None,
        });
        let others = join_all(others.into_iter().map(Fence::try_settle));
        let emptied = invalidate_all(inner, guard, emptied);
        let (settled, emptied, (), others) = join4(settled, emptied, prolonged, others).await;
        let why = match &settled {
            _ if value.is_none() => why,
            Err(_) => Some(NotStored::Unavailable),
            Ok(settled) => settled.not_stored,
        };
        if let Some(why) = why {
            let key = key.as_deref().and_then(|key| guard.shown(key));
            let about = About { function: counters.name, template: policy.template, key };
            counters.not_stored(about, why);
        }
        let confirmed = settled.map(drop).and(emptied).and(others.into_iter().collect());
        if confirmed.is_err() {
            counters.store_errors.add_one();
        }
        log_unconfirmed(counters.name, confirmed);
        counters.invalidations.add(keys);
    }

    /// Leaves the fences to stand, and raises those that were not known before.
    async fn hold(self, leave: Leave, others: Vec<Fence>) {
        let Begun { inner, counters, fence, hold, .. } = self;
        let emptied = Fence::raise(inner, leave.decided().1).await;
        for fence in others.into_iter().chain([fence, emptied]) {
            counters.invalidations.add(fence.keys());
            fence.settle_after(hold);
        }
    }

    /// The value as it is stored, if its key is fenced and every tag's stamp is known.
    fn value(&self, entry: &Entry, ttl: Duration) -> Result<Value, NotStored> {
        let key = self.key.as_deref().ok_or(NotStored::Transaction)?;
        self.fence.epoch(key).ok_or(NotStored::Unavailable)?;
        let stamps = self.entry_tags.stamps(&self.fence)?;
        Ok(value(entry, Expiry::new(ttl, self.policy, self.guard.clock().now_ms()), &stamps))
    }
}

/// The value as it is stored.
pub(super) fn value(entry: &Entry, life: Expiry, tags: &[Nonce]) -> Value {
    let stamp = nonce();
    (stamp, entry.with_meta(stamp, life.graceful, life.soft_expiry, life.ttl, tags), life.store_ttl)
}
