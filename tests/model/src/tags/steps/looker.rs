//! What a caller does that looks at the tag first, and at the entry then.

use super::super::{Tags, keys::Stored, looker::Looker, world::World};
use cache_runtime::protocol::State;

use crate::row::Violation;

impl Tags {
    /// A caller calls, and reads the tag.
    pub(super) fn look(&self, world: &World) -> Option<World> {
        let stamp = self.current_stamp(world).filter(|_| world.looker.is_none())?;
        let looker = Some(Looker { stamp, called: world.row.in_force });
        Some(World { looker, ..world.clone() })
    }
}

impl World {
    /// The caller that has read the tag reads the entry.
    pub(super) fn look_on(&self) -> Result<Option<World>, Violation> {
        let Some(Looker { stamp, called }) = self.looker else { return Ok(None) };
        match self.entry {
            State::Value(_, Stored { version, tag }) if tag == stamp && version < called => {
                Err(Violation::Handed { version, in_force: called })
            }
            _ => Ok(Some(World { looker: None, ..self.clone() })),
        }
    }
}
