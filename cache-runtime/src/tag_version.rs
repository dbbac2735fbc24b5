//! The versions of tags: each tag has a stamp, which this module fetches from the store.

use std::time::Duration;

use crate::{
    entry::Entry,
    error::Error,
    expiry::tag_ttl,
    guard::Guard,
    protocol::{Nonce, Reply, State, Step},
    time::nonce,
};

/// The step that fetches the stamp of a tag, for an entry that the store will keep for `life`. It makes a stamp where
/// there is none.
pub(crate) fn stamp_step(life: Duration) -> Step<Entry> {
    let stamp = nonce();
    Step::Stamp { stamp, value: Entry::tag(stamp), life: tag_ttl(life) }
}

/// The stamp in the reply to a [`stamp_step`]. `None` where the tag is fenced: then nothing that carries it may be
/// stored.
pub(crate) fn stamp_in_reply(reply: &Reply<Entry>) -> Option<Nonce> {
    match reply {
        Reply::Found(tag) => current_stamp(tag),
        _ => None,
    }
}

/// The stamp in such a reply, and how old it was when the store answered, if that is known.
pub(crate) fn stamp_and_age(reply: &Reply<Entry>) -> Option<(Nonce, Option<Duration>)> {
    match reply {
        Reply::Found(State::Value(stamp, tag)) => Some((*stamp, tag.age())),
        _ => None,
    }
}

/// The current stamp of a tag, from its state.
pub(crate) fn current_stamp(tag: &State<Entry>) -> Option<Nonce> {
    match tag {
        State::Value(stamp, _) => Some(*stamp),
        _ => None,
    }
}

/// Fetches the stamps of `tags`, for an entry that the store will keep for `life`.
///
/// The steps can reach the store in any order, so they are sent in one pipeline.
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
