//! The tags that an entry carries: their names in the store, and their stamps from before a write.

use std::time::Duration;

use super::fence::Fence;
use crate::{
    entry::{Entry, MAX_TAGS},
    error::Error,
    expiry::tag_ttl,
    guard::{Guard, Value},
    protocol::Nonce,
    stats::NotStored,
    tag_version::fetch_stamps,
    time::nonce,
};

/// The tags that a value carries.
pub(super) struct EntryTags {
    /// In the order of their names.
    tags: Vec<Tag>,
    /// For how long a life the stamps have been asked for.
    life: Duration,
    /// Whether the store has told them.
    is_told: bool,
}

struct Tag {
    name: String,
    /// None while it is not known. A fenced tag has none.
    stamp: Option<Nonce>,
    /// Whether this writer itself fences the tag. Its settlement then leaves the stamp that the value carries: it
    /// does so only if nobody else has invalidated the tag meanwhile.
    own: bool,
}

impl EntryTags {
    /// `tags` are in order; `fences` are what the writer itself fences.
    pub(super) fn new(tags: Vec<String>, fences: &[String]) -> EntryTags {
        let tag = |name: String| {
            let own = fences.contains(&name);
            Tag { name, stamp: own.then(nonce), own }
        };
        EntryTags { tags: tags.into_iter().map(tag).collect(), life: Duration::ZERO, is_told: true }
    }

    /// Asks for the stamps, all at once. The store keeps them for longer than an entry of `life`.
    pub(super) async fn ask(&mut self, guard: &Guard, life: Duration) -> Result<(), Error> {
        (self.life, self.is_told) = (life, false);
        let others: Vec<_> = self.tags.iter_mut().filter(|tag| !tag.own).collect();
        let names: Vec<_> = others.iter().map(|tag| &*tag.name).collect();
        let stamps = fetch_stamps(guard, &names, life).await?;
        self.is_told = true;
        for (tag, stamp) in others.into_iter().zip(stamps) {
            tag.stamp = stamp;
        }
        Ok(())
    }

    /// The stamps, if all are known. Without one of them, nobody could tell when the value becomes stale.
    pub(super) fn stamps(&self, fence: &Fence) -> Result<Vec<Nonce>, NotStored> {
        if self.tags.len() > MAX_TAGS {
            tracing::warn!(
                tags = self.tags.len(),
                "an entry with more than {MAX_TAGS} tags is not stored"
            );
            return Err(NotStored::Unencodable);
        }
        let stamp = |tag: &Tag| match tag.own {
            // It is left by the settlement of the fence, or not at all.
            true => {
                let (stamp, epoch) =
                    tag.stamp.zip(fence.epoch(&tag.name)).ok_or(NotStored::Unavailable)?;
                Ok(stamp.of(epoch.incarnation()))
            }
            false if self.is_told => tag.stamp.ok_or(NotStored::Fenced),
            false => tag.stamp.ok_or(NotStored::Unavailable),
        };
        self.tags.iter().map(stamp).collect()
    }

    /// What the settlement of `fenced` leaves, if that is one of these tags: the stamp that the value carries.
    pub(super) fn left(&self, fenced: &str, life: Duration) -> Option<Value> {
        let tag = self.tags.iter().find(|tag| tag.own && tag.name == fenced)?;
        let stamp = tag.stamp?;
        Some((stamp, Entry::tag(stamp), tag_ttl(life)))
    }

    /// Prolongs the stamps for an entry of `life`, where that is longer than they were asked for.
    ///
    /// Best effort: a stamp that is gone too early makes an entry stale too early.
    pub(super) async fn prolong(&self, guard: &Guard, life: Duration) {
        if life > self.life {
            let names: Vec<_> =
                self.tags.iter().filter(|tag| !tag.own).map(|tag| &*tag.name).collect();
            _ = fetch_stamps(guard, &names, life).await;
        }
    }
}
