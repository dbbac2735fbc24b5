//! The cache-aside flow: look, and on a miss load once, store if nothing was written meanwhile, and share.
//!
//! [`cached`] and [`cached_owned`] are generic over the function and thin; all they do besides coding and
//! decoding is done by `Lookup` and `Lead` on bytes, once for all functions.

mod acquire;
mod audit;
pub(crate) mod batch;
mod lead;
mod lookup;
mod patience;
mod plan;
mod reentry;
mod refresh;
mod reload;
mod request;
mod seen;

use std::{future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::oneshot, time};

pub use self::plan::Plan;
use self::{
    lead::{Lead, Loaded},
    lookup::Next,
};
pub(crate) use self::{
    lookup::Lookup,
    reload::{Reloaded, reload},
    request::Request,
};
use crate::{codec, entry::Entry, expiry::Age, guard::Guard, return_shape::Shape};

/// Answers one call of a cached function.
///
/// The body runs at most once, and not at all where the store or another call has the value, save for an
/// audit.
pub(crate) async fn cached<S, H, F>(mut lookup: Lookup<'_>, hooks: H, body: F) -> S::Output
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    H: FnOnce(&S::Value, &mut Plan),
    F: Future<Output = S::Output>,
{
    if let Some(hit) = lookup.look().await
        && let Some(stored) = decode::<S>(&mut lookup, &hit.entry)
    {
        // A body that only this call can run has to be run by it, if the value is to be renewed at all.
        if matches!(hit.age, Age::Fresh | Age::Due) {
            lookup.hit(&hit);
            if hit.is_audited(&lookup.request.policy) {
                return Box::pin(audit::audit::<S, F>(&mut lookup, &hit.entry, stored, body)).await;
            }
            return S::join(stored);
        }
    }
    miss::<S, H, F>(&mut lookup, hooks, body).await
}

/// Answers one call of a cached function whose load can go on without its caller.
pub(crate) async fn cached_owned<S, H, L, F>(mut lookup: Lookup<'_>, hooks: H, load: L) -> S::Output
where
    S: Shape + 'static,
    S::Output: Send + 'static,
    S::Stored: Serialize + DeserializeOwned + Send,
    H: FnOnce(&S::Value, &mut Plan) + Send + 'static,
    L: FnOnce() -> F,
    F: Future<Output = S::Output> + Send + 'static,
{
    if let Some(hit) = lookup.look().await
        && let Some(stored) = decode::<S>(&mut lookup, &hit.entry)
    {
        match hit.age {
            Age::Fresh if hit.is_audited(&lookup.request.policy) => {
                lookup.hit(&hit);
                let load = Box::pin(audit::audit::<S, F>(&mut lookup, &hit.entry, stored, load()));
                return load.await;
            }
            Age::Fresh => {
                lookup.hit(&hit);
                return S::join(stored);
            }
            Age::Due | Age::Revalidate => {
                lookup.hit(&hit);
                refresh::spawn::<S, H, L, F>(&lookup, hit.entry.stamp(), hooks, load);
                return S::join(stored);
            }
            Age::Fallback => {
                if let Some(patience) = lookup.request.policy.soft_timeout {
                    lookup.missed();
                    let loading = spawn_miss::<S, H, F>(&lookup, hooks, load());
                    return match time::timeout(patience, loading).await {
                        Ok(Ok(Answer { output, stale })) => {
                            if stale {
                                lookup.served_stale();
                            }
                            output
                        }
                        // Too late, or it has panicked.
                        _ => {
                            lookup.served_stale();
                            S::join(stored)
                        }
                    };
                }
            }
            Age::Over => {}
        }
    }
    miss::<S, H, F>(&mut lookup, hooks, load()).await
}

/// Reads an entry; one that cannot be read is noted as a miss.
fn decode<S>(lookup: &mut Lookup<'_>, entry: &Entry) -> Option<S::Stored>
where
    S: Shape,
    S::Stored: DeserializeOwned,
{
    let decoded = codec::decode(entry, &lookup.request.policy.encoding);
    decoded.map_err(|error| lookup.reject(entry, &error)).ok()
}

/// Answers a call that found no value that it could return.
async fn miss<S, H, F>(lookup: &mut Lookup<'_>, hooks: H, body: F) -> S::Output
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    H: FnOnce(&S::Value, &mut Plan),
    F: Future<Output = S::Output>,
{
    lookup.missed();
    // What only a miss needs is boxed: a hit's future is smaller, and so is that of every caller above.
    loop {
        match Box::pin(lookup.next()).await {
            Next::Value(entry) => {
                if let Some(stored) = decode::<S>(lookup, &entry) {
                    return S::join(stored);
                }
            }
            Next::Failure(error) => {
                if let Some(output) = S::unshare(&error) {
                    return output;
                }
            }
            Next::Load(lead) => {
                let output = Box::pin(finish::<S, H, F>(lead, hooks, body)).await;
                return output.unwrap_or_else(|failed| {
                    let stale = lookup.fall_back();
                    let stale = stale.and_then(|entry| decode::<S>(lookup, &entry));
                    stale.map_or(failed, S::join)
                });
            }
        }
    }
}

/// The answer of a task, and whether that is the value that has expired.
struct Answer<O> {
    output: O,
    stale: bool,
}

/// Answers a call in a task of its own, which goes on when nobody waits for it any more.
fn spawn_miss<S, H, F>(
    lookup: &Lookup<'_>,
    hooks: H,
    load: F,
) -> oneshot::Receiver<Answer<S::Output>>
where
    S: Shape + 'static,
    S::Output: Send + 'static,
    S::Stored: Serialize + DeserializeOwned + Send,
    H: FnOnce(&S::Value, &mut Plan) + Send + 'static,
    F: Future<Output = S::Output> + Send + 'static,
{
    let (answer, receiver) = oneshot::channel();
    let (request, guard) = (lookup.request.clone(), Arc::clone(lookup.guard));
    let found = lookup.found_out();
    tokio::spawn(async move {
        let mut lookup = Lookup::new(&request, &guard);
        lookup.go_on(found);
        let output = miss::<S, H, F>(&mut lookup, hooks, load).await;
        // Nobody may be waiting any more.
        _ = answer.send(Answer { output, stale: lookup.has_served_stale() });
    });
    receiver
}

/// Runs the body of a call that leads, and reports what came of it: `Err` is the output of a failed load.
async fn finish<S, H, F>(lead: Lead<'_>, hooks: H, body: F) -> Result<S::Output, S::Output>
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    H: FnOnce(&S::Value, &mut Plan),
    F: Future<Output = S::Output>,
{
    let loaded = S::split(lead.drive(body).await);
    lead.timed(loaded.is_ok());
    match loaded {
        Ok(stored) => {
            let loaded = plan::<S, H>(&lead, &stored, hooks);
            lead.loaded(loaded).await;
            Ok(S::join(stored))
        }
        Err(failed) => {
            lead.failed(S::share(&failed));
            Err(failed)
        }
    }
}

/// What is to become of a loaded value.
fn plan<S, H>(lead: &Lead<'_>, stored: &S::Stored, hooks: H) -> Loaded
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    H: FnOnce(&S::Value, &mut Plan),
{
    let ttl = Plan::ttl_of(stored, lead.policy(), |plan| {
        if let Some(value) = S::value(stored) {
            hooks(value, plan);
        }
    });
    lead.encode(stored, ttl)
}

/// The entry under a key, if there is one that is fresh: what a direct look gives.
pub(crate) async fn peek(
    request: &Request,
    guard: &Arc<Guard>,
) -> Result<Option<Entry>, crate::Error> {
    Lookup::new(request, guard).peek().await
}

#[cfg(test)]
mod tests;
