//! Loading what is cached anew because the caller says so.

use std::{future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Plan,
    acquire::Acquired,
    lead::{Lead, Place},
    lookup::{Lookup, Store},
    plan,
    request::Request,
};
use crate::{guard::Guard, return_shape::Shape};

/// What became of a reload.
pub(crate) struct Reloaded<O> {
    pub(crate) output: O,
    /// Whether something may be cached that is older than the output.
    pub(crate) leaves_older: bool,
}

/// Runs the body, whatever is cached, and stores what it returns in the place of what was there before, if nothing
/// was written meanwhile.
///
/// What is there is served until then, and stays where the body fails. No other call's load is shared: it may have begun
/// before this call.
pub(crate) async fn reload<S, H, F>(
    request: &Request,
    guard: &Arc<Guard>,
    hooks: H,
    body: F,
) -> Reloaded<S::Output>
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    H: FnOnce(&S::Value, &mut Plan),
    F: Future<Output = S::Output>,
{
    let mut lookup = Lookup::new(request, guard);
    if let Some(hit) = lookup.look().await {
        lookup.store = Store::Expired(hit.entry.stamp());
    }
    let claim = match lookup.acquire().await {
        Acquired::Claim(claim) => Some(claim),
        _ => None,
    };
    request.counters.loads.add_one();
    let lead = Lead::new(&mut lookup, Place::Background(claim));
    let loaded = S::split(lead.drive(body).await);
    lead.timed(loaded.is_ok());
    match loaded {
        Ok(stored) => {
            let loaded = plan::<S, H>(&lead, &stored, hooks);
            let is_stored = lead.loaded(loaded).await;
            Reloaded { output: S::join(stored), leaves_older: !is_stored }
        }
        Err(failed) => {
            lead.failed(S::share(&failed));
            Reloaded { output: failed, leaves_older: false }
        }
    }
}
