//! What the writer does that knows both keys.

use super::super::{
    Tags,
    keys::{OWN, Target},
    owner::{Half, Owner, OwnerMove, Phase},
    world::World,
};
use cache_runtime::protocol::{Expected, Reply, Step};

use crate::state::{LIFE, NEVER, NEW};

impl Tags {
    /// The world after the owner's move, where that is possible.
    pub(super) fn own(&self, world: &World, step: OwnerMove) -> Option<World> {
        let mut next = world.clone();
        let owner = world.owner;
        match (owner.phase, step) {
            (Phase::Ready, OwnerMove::Fence { key, heard }) if owner.half(key) == Half::Free => {
                let proposed = Step::Fence { epoch: NEW, life: LIFE };
                let epoch = match self.tell(&mut next, key, proposed, NEVER) {
                    Reply::Fenced(epoch) if heard => epoch,
                    _ => NEW,
                };
                *next.owner.half_mut(key) = Half::Fenced { epoch, heard, promises: heard };
            }
            (Phase::Ready, OwnerMove::Commit) if owner.entry.is_told() && owner.tag.is_told() => {
                let stands =
                    owner.entry.epoch().is_some_and(|e| world.entry.is(Expected::Fence(e)))
                        || owner.tag.epoch().is_some_and(|e| world.tag.is(Expected::Fence(e)));
                let promises = owner.entry.promises() || owner.tag.promises();
                let leaves = owner.entry.is_heard() && owner.tag.is_heard();
                let version = next.row.commit(stands, promises);
                next.owner.phase = Phase::Committed { version, leaves };
            }
            (Phase::Committed { version, leaves }, OwnerMove::Settle { key }) => {
                let epoch = owner.half(key).epoch()?;
                let stamp = if key == Target::Tag { OWN } else { NEW };
                let value = leaves.then_some((stamp, version, LIFE));
                self.tell(&mut next, key, Step::Settle { epoch, value }, OWN);
                *next.owner.half_mut(key) = Half::Settled;
                if (next.owner.entry, next.owner.tag) == (Half::Settled, Half::Settled) {
                    next.row.acknowledge(version);
                    next.owner = Owner::GONE;
                }
            }
            (Phase::Ready | Phase::Committed { .. }, OwnerMove::Die) => next.owner = Owner::GONE,
            _ => return None,
        }
        Some(next)
    }
}
