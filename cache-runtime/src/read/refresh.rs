//! Renewing a value in the background, while it is served.

use std::{future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use tokio::runtime::Handle;

use super::{
    acquire::Acquired,
    finish,
    lead::{Lead, Place},
    lookup::{Lookup, Store},
    plan::Plan,
    request::Request,
};
use crate::{guard::Guard, protocol::Nonce, return_shape::Shape};

/// Renews the value of stamp `seen` in a task of its own, unless this process is at it. `load` is not called
/// otherwise.
///
/// One process of the fleet is elected; the others find out and stop. A write in between wins: the new value
/// is stored only in the place of the very one that was seen.
pub(super) fn spawn<S, H, L, F>(lookup: &Lookup<'_>, seen: Nonce, hooks: H, load: L)
where
    S: Shape,
    S::Output: Send + 'static,
    S::Stored: Serialize + DeserializeOwned + Send,
    H: FnOnce(&S::Value, &mut Plan) + Send + 'static,
    L: FnOnce() -> F,
    F: Future<Output = S::Output> + Send + 'static,
{
    let Ok(runtime) = Handle::try_current() else { return };
    let Some(renewal) = lookup.request.inner.refreshing.begin(lookup.key()) else { return };
    let (request, guard) = (lookup.request.clone(), Arc::clone(lookup.guard));
    let load = load();
    runtime.spawn(async move {
        let _renewal = renewal;
        refresh::<S, H, F>(&request, &guard, seen, hooks, load).await;
    });
}

async fn refresh<S, H, F>(request: &Request, guard: &Arc<Guard>, seen: Nonce, hooks: H, load: F)
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    H: FnOnce(&S::Value, &mut Plan),
    F: Future<Output = S::Output>,
{
    let mut lookup = Lookup::new(request, guard);
    lookup.store = Store::Expired(seen);
    let Acquired::Claim(claim) = lookup.acquire().await else { return };
    if !claim.replaces(seen) {
        // Renewed or invalidated meanwhile. It is not for us to load what nobody has asked for since.
        return;
    }
    request.counters.loads.add_one();
    request.counters.refreshes.add_one();
    let lead = Lead::new(&mut lookup, Place::Background(Some(claim)));
    _ = finish::<S, H, F>(lead, hooks, load).await;
}
