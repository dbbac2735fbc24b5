//! The keys of a call: one, held in place, or the many of a batch.

use std::ops::{Deref, DerefMut};

use super::key_state::KeyState;

#[allow(
    clippy::large_enum_variant,
    reason = "a call for one key, the usual one, allocates nothing"
)]
pub(super) enum Keys {
    One([KeyState; 1]),
    Many(Vec<KeyState>),
}

impl Keys {
    pub(super) fn one(key: String) -> Keys {
        Keys::One([KeyState::new(key)])
    }

    pub(super) fn many(keys: Vec<String>) -> Keys {
        Keys::Many(keys.into_iter().map(KeyState::new).collect())
    }

    /// The one key that there is.
    pub(super) fn one_of(keys: Vec<KeyState>) -> Keys {
        match <[KeyState; 1]>::try_from(keys) {
            Ok(one) => Keys::One(one),
            Err(keys) => Keys::Many(keys),
        }
    }
}

impl Deref for Keys {
    type Target = [KeyState];

    fn deref(&self) -> &[KeyState] {
        match self {
            Keys::One(one) => one,
            Keys::Many(many) => many,
        }
    }
}

impl DerefMut for Keys {
    fn deref_mut(&mut self) -> &mut [KeyState] {
        match self {
            Keys::One(one) => one,
            Keys::Many(many) => many,
        }
    }
}
