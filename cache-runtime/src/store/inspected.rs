//! What a store tells of one key to somebody who only wants to know.

use std::time::Duration;

use crate::{
    entry::Entry,
    protocol::{Incarnation, State},
};

/// All that a store knows of one key.
pub(crate) struct Inspected {
    pub(crate) state: State<Entry>,
    /// How much longer the store keeps it. None where that is for ever, or not known.
    pub(crate) left: Option<Duration>,
    /// The bytes of its payload, as they are stored.
    pub(crate) size: usize,
    /// The id of the encryption key that has sealed it, if it is sealed.
    pub(crate) sealed_by: Option<String>,
    /// The incarnation of the server, if it tells.
    pub(crate) incarnation: Incarnation,
}

impl Inspected {
    /// What is known of a state as it came from the store, before it is opened.
    pub(crate) fn of(
        state: State<Entry>,
        left: Option<Duration>,
        incarnation: Incarnation,
    ) -> Self {
        let entry = state.entry();
        let size = entry.map_or(0, |entry| entry.payload().len());
        let sealed_by = entry.filter(|entry| entry.is_sealed()).map(|entry| {
            String::from_utf8_lossy(crate::encryption::id(entry.payload()).unwrap_or_default())
                .into_owned()
        });
        Inspected { state, left, size, sealed_by, incarnation }
    }
}
