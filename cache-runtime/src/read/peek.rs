//! A look at one key without a load: what a direct read gives.

use std::iter;

use super::{
    key_state::{Judge, KeyState},
    named_tags::NamedTags,
    request::Request,
};
use crate::{
    codec, encryption,
    entry::Entry,
    error::Error,
    expiry::Age,
    look::Look,
    protocol::{Pending, State},
    tag_version::current_stamp,
    value::is_apart,
};

/// The value under `key`, if there is one that is fresh.
///
/// # Errors
///
/// Where the store fails, and where the entry cannot be read.
pub(crate) async fn peek(request: &Request, key: String) -> Result<Option<Entry>, Error> {
    let (state, tags) = if request.tags.is_empty() {
        (request.guard.read(&key).await?, Vec::new())
    } else {
        let keys: Vec<&str> = iter::once(&key).chain(&request.tags).map(String::as_str).collect();
        let mut states = request.guard.look_many(&keys, Look::Store).await?.into_iter();
        let state = states.next().unwrap_or(Ok(State::Vacant))?;
        // Without one of its tags nobody can say whether an entry is good.
        (state, states.map(|tag| Ok(current_stamp(&tag?))).collect::<Result<Vec<_>, Error>>()?)
    };
    let mut reason = codec::NO_FINGERPRINT;
    match &state {
        State::Unreadable => {
            return Err(Error::Codec("the entry is no entry of this cache".into()));
        }
        State::Value(_, entry) | State::Pending(Pending { value: entry, .. }) => {
            encryption::check(entry)?;
            if is_apart(entry.header().fingerprint) {
                reason = codec::SHARED_KEY;
            }
        }
        _ => {}
    }
    let mut seen = KeyState::new(key);
    let Request { policy, guard, .. } = request;
    let judge = Judge { policy, tags: &tags, named: None, renews: false, clock: guard.clock() };
    seen.see(state, &judge);
    judge_named(request, &mut seen, judge).await?;
    if seen.beside().is_some() {
        look_beside(request, &mut seen, reason).await?;
    }
    let fresh = seen.take_found().filter(|hit| matches!(hit.age, Age::Fresh | Age::Due));
    Ok(fresh.map(|hit| hit.entry))
}

/// Judges a value that names tags which have not been looked at.
async fn judge_named(
    request: &Request,
    seen: &mut KeyState,
    judge: Judge<'_>,
) -> Result<(), Error> {
    let Some(entry) = seen.unjudged().cloned() else { return Ok(()) };
    let names = entry.names().unwrap_or_default();
    let found = request.guard.look_many(&names, Look::Store).await?;
    let versions = names.iter().map(|name| (*name).to_owned()).zip(found);
    let versions = versions.map(|(name, state)| Ok((name, current_stamp(&state?))));
    let named = NamedTags::seen(versions.collect::<Result<_, Error>>()?);
    seen.see(State::Value(entry.stamp(), entry), &Judge { named: Some(&named), ..judge });
    Ok(())
}

/// Looks at an entry that stands beside one of another layout. A caller that has no layout is told the `reason` why it cannot
/// have that one.
async fn look_beside(request: &Request, seen: &mut KeyState, reason: &str) -> Result<(), Error> {
    let Some((own_key, _)) = seen.beside() else { return Ok(()) };
    if request.policy.encoding.fingerprint == 0 {
        return Err(Error::Codec(reason.into()));
    }
    let keys: Vec<&str> =
        [seen.key(), own_key].into_iter().chain(request.tags.iter().map(String::as_str)).collect();
    let mut states = request.guard.look_many(&keys, Look::Store).await?.into_iter();
    let (Some(state), Some(own)) = (states.next(), states.next()) else { return Ok(()) };
    let tags = states.map(|tag| Ok(current_stamp(&tag?))).collect::<Result<Vec<_>, Error>>()?;
    let Request { policy, guard, .. } = request;
    let judge = Judge { policy, tags: &tags, named: None, renews: false, clock: guard.clock() };
    seen.see(state?, &judge);
    seen.see_own_key(own?, &judge);
    judge_named(request, seen, judge).await
}
