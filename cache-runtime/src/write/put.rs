//! A write without a body: its key is fenced and settled at once.

use std::sync::Arc;

use futures_util::future::join;

use super::{invalidate::invalidate, operation::value};
use crate::{
    codec::is_too_large,
    entry::Entry,
    error::Error,
    expiry::Expiry,
    guard::{FenceOutcome, Guard},
    policy::Policy,
    shared::Inner,
    stats::NotStored,
    tag_version::fetch_stamps,
    telemetry::About,
    time::nonce,
    transaction,
};

/// Puts a value, to be kept as `policy` says. Its fence makes it lose to every other writer at work. A value that cannot
/// be encoded invalidates the key: whatever is there is older.
pub(crate) async fn put(
    inner: &Inner,
    guard: &Arc<Guard>,
    key: String,
    tags: Vec<String>,
    entry: Result<Entry, Error>,
    policy: &Policy,
) -> Result<(), Error> {
    let (outcome, why) = try_put(inner, guard, key, tags, entry, policy).await;
    if let Some(why) = why {
        let function = policy.name.unwrap_or("put");
        let about = About { function, template: policy.template, key: None };
        inner.registry.counters(function).not_stored(about, why);
    }
    outcome
}

/// The same, and why the value is not stored, if it is not.
async fn try_put(
    inner: &Inner,
    guard: &Arc<Guard>,
    key: String,
    tags: Vec<String>,
    entry: Result<Entry, Error>,
    policy: &Policy,
) -> (Result<(), Error>, Option<NotStored>) {
    let entry = match refuse_in_transaction().and(entry) {
        Ok(entry) => entry,
        Err(error) => {
            // The caller learns why nothing is stored; what the store does not confirm now is emptied in the background.
            _ = invalidate(inner, guard, key).await;
            let why = match error {
                Error::Transaction(_) => NotStored::Transaction,
                _ => NotStored::Unencodable,
            };
            return (Err(error), Some(why));
        }
    };
    let life = Expiry::new(policy.ttl, policy, guard.clock().now_ms());
    let tags = inner.entry_tags(tags);
    let names: Vec<_> = tags.iter().map(String::as_str).collect();
    let fence = guard.fence(key.into(), nonce(), inner.fence_life);
    let (FenceOutcome { write, error }, stamps) =
        join(fence, fetch_stamps(guard, &names, life.store_ttl)).await;
    if let Some(error) = error {
        // The fence may stand, and the key may hold another value.
        _ = write.settle(None).await;
        return (Err(error), Some(NotStored::Unavailable));
    }
    let known = stamps.map(|stamps| stamps.into_iter().collect::<Option<Vec<_>>>());
    let value = match &known {
        _ if policy.ttl.is_zero() => Err(NotStored::ZeroTtl),
        _ if is_too_large(&entry, &policy.encoding) => Err(NotStored::TooLarge),
        Ok(Some(tags)) => Ok(value(&entry, life, tags)),
        Ok(None) => Err(NotStored::Fenced),
        Err(_) => Err(NotStored::Unavailable),
    };
    let why = value.as_ref().err().copied();
    match write.settle(value.ok()).await {
        Ok(left) => (known.map(drop), why.or(left)),
        Err(error) => (Err(error), why.or(Some(NotStored::Unavailable))),
    }
}

/// A value cannot be taken back when the transaction rolls back.
fn refuse_in_transaction() -> Result<(), Error> {
    match transaction::is_within() {
        true => Err(Error::Transaction(
            "`put` stores a value at once, and it would stay after a rollback: put it after the commit, or invalidate the \
             key"
            .into(),
        )),
        false => Ok(()),
    }
}

/// Logs that a value was not put, for a caller that is not told: its write is committed.
pub(crate) fn log_not_put(put: Result<(), Error>) {
    if let Err(error) = put {
        tracing::warn!(%error, "a value was not put into the cache: its key is invalidated instead");
    }
}
