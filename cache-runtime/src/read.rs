//! The cache-aside flow: look, and on a miss load once, store if nothing was written meanwhile, and share.
//!
//! [`cached`] is generic over the function and thin; all it does besides coding and decoding is done by
//! `Lookup` and `Lead` on bytes, once for all functions.

mod lead;
mod lookup;
mod reentry;

use std::{future::Future, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::lookup::Lookup;
use self::{
    lead::{Lead, Loaded},
    lookup::Next,
};
use crate::{codec, shape::Shape, time::IntoTtl};

/// Answers one call of a cached function.
///
/// The body runs at most once, and not at all where the store or another call has the value.
pub(crate) async fn cached<S, H, F>(mut lookup: Lookup<'_>, hooks: H, body: F) -> S::Output
where
    S: Shape,
    S::Stored: Serialize + DeserializeOwned,
    H: FnOnce(&S::Value, &mut Plan),
    F: Future<Output = S::Output>,
{
    if let Some(entry) = lookup.look().await {
        match codec::decode(&entry) {
            Ok(stored) => {
                lookup.hit(&entry);
                return S::join(stored);
            }
            Err(error) => lookup.reject(&entry, &error),
        }
    }
    lookup.missed();
    // What only a miss needs is boxed: a hit's future is smaller, and so is that of every caller above.
    loop {
        match Box::pin(lookup.next()).await {
            Next::Value(entry) => match codec::decode(&entry) {
                Ok(stored) => return S::join(stored),
                Err(error) => lookup.reject(&entry, &error),
            },
            Next::Failure(error) => {
                if let Some(output) = S::unshare(&error) {
                    return output;
                }
            }
            Next::Load(lead) => {
                let output = Box::pin(lead.drive(body)).await;
                return match S::split(output) {
                    Ok(stored) => {
                        let loaded = plan::<S, H>(&lead, &stored, hooks);
                        Box::pin(lead.loaded(loaded)).await;
                        S::join(stored)
                    }
                    Err(failed) => {
                        lead.failed(S::share(&failed));
                        failed
                    }
                };
            }
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
    let policy = lead.policy();
    let mut plan = Plan { ttl: policy.ttl };
    // Asked of the value rather than of the shape: a type parameter or a wrapper can be an `Option` too.
    if codec::is_none(stored) {
        plan.ttl = policy.negative_ttl.unwrap_or_default();
    } else if let Some(value) = S::value(stored) {
        hooks(value, &mut plan);
    }
    lead.encode(stored, plan.ttl)
}

/// What closures over the loaded value decide.
#[derive(Debug)]
pub struct Plan {
    ttl: Duration,
}

impl Plan {
    /// This value's time to live.
    pub fn ttl(&mut self, ttl: impl IntoTtl) {
        self.ttl = ttl.into_ttl();
    }

    /// Whether this value is not to be stored.
    pub fn unless(&mut self, unless: bool) {
        if unless {
            self.ttl = Duration::ZERO;
        }
    }
}
