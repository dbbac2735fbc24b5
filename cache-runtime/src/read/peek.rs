//! A look at one key without a load: what a direct read gives.

use std::iter;

use super::{
    key_state::{Judge, KeyState},
    request::Request,
};
use crate::{
    codec, encryption,
    entry::Entry,
    error::Error,
    expiry::Age,
    protocol::{Pending, State},
    tag_version::current_stamp,
};

/// The value under `key`, if there is one that is fresh. This is for a caller of whose type no fingerprint is known.
///
/// # Errors
///
/// Where the store fails, and where the entry cannot be read.
pub(crate) async fn peek(request: &Request, key: String) -> Result<Option<Entry>, Error> {
    let (state, tags) = if request.tags.is_empty() {
        (request.guard.read(&key).await?, Vec::new())
    } else {
        let keys: Vec<&str> = iter::once(&key).chain(&request.tags).map(String::as_str).collect();
        let mut states = request.guard.read_many(&keys).await?.into_iter();
        let state = states.next().unwrap_or(Ok(State::Vacant))?;
        // Without one of its tags nobody can say whether an entry is good.
        (state, states.map(|tag| Ok(current_stamp(&tag?))).collect::<Result<Vec<_>, Error>>()?)
    };
    match &state {
        State::Unreadable => {
            return Err(Error::Codec("the entry is no entry of this cache".into()));
        }
        State::Value(_, entry) | State::Pending(Pending { value: entry, .. }) => {
            encryption::check(entry)?;
        }
        _ => {}
    }
    let mut seen = KeyState::new(key);
    let Request { policy, guard, .. } = request;
    seen.see(state, &Judge { policy, tags: &tags, renews: false, clock: guard.clock() });
    if seen.beside().is_some() {
        return Err(Error::Codec(codec::NO_FINGERPRINT.into()));
    }
    let fresh = seen.take_found().filter(|hit| matches!(hit.age, Age::Fresh | Age::Due));
    Ok(fresh.map(|hit| hit.entry))
}
