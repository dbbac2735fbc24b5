//! The stamps of tags: how the store is asked for them, and what its answer says.

use std::time::Duration;

use crate::{
    entry::Entry,
    error::Error,
    expiry::tag_ttl,
    guard::Guard,
    protocol::{Nonce, Reply, State, Step},
    time::nonce,
};

/// The question for the stamp of a tag that an entry is to carry which the store keeps for `life`. One is made where
/// there is none.
pub(crate) fn stamp_step(life: Duration) -> Step<Entry> {
    let stamp = nonce();
    Step::Stamp { stamp, value: Entry::tag(stamp), life: tag_ttl(life) }
}

/// The stamp that a tag was found to have; none for one that is fenced, and what is written under it must not be
/// stored.
pub(crate) fn stamp_in_reply(reply: &Reply<Entry>) -> Option<Nonce> {
    match reply {
        Reply::Found(tag) => current_stamp(tag),
        _ => None,
    }
}

/// The stamp that a tag has now.
pub(crate) fn current_stamp(tag: &State<Entry>) -> Option<Nonce> {
    match tag {
        State::Value(stamp, _) => Some(*stamp),
        _ => None,
    }
}

/// The stamps of `tags`, for an entry that the store keeps for `life`.
///
/// The order in which these questions reach the store is of no account, so they go in one message.
pub(crate) async fn fetch_stamps(
    guard: &Guard,
    tags: &[&str],
    life: Duration,
) -> Result<Vec<Option<Nonce>>, Error> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let steps: Vec<_> = tags.iter().map(|tag| (*tag, stamp_step(life))).collect();
    let replies = guard.run_many(&steps).await?;
    replies.into_iter().map(|reply| Ok(stamp_in_reply(&reply?))).collect()
}
