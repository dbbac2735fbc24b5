//! The server of a key. It may fall back to any earlier state: it comes back with a snapshot, or a replica takes its place that
//! had not heard of everything. From then on it has another incarnation.
//!
//! That state is saved at any moment, once, and is the server's again at any later one. What is on its way to the server then
//! never arrives, since its connections are lost.

use std::mem;

use super::{
    code::Code,
    state::{self, HELD, NEVER, SAVED},
};
use cache_runtime::protocol::{Incarnation, Nonce, State};

#[derive(Clone, Debug)]
pub(super) struct Server<V> {
    saved: Option<State<V>>,
    fell: bool,
}

impl<V> Server<V> {
    /// One that has saved nothing, and has not fallen back.
    pub(super) const NEW: Server<V> = Server { saved: None, fell: false };

    /// Its incarnation, for those who compare it.
    pub(super) fn incarnation(&self) -> Incarnation {
        Incarnation::new(1 + u32::from(self.fell))
    }

    /// Saves what its key holds now, if it has saved nothing.
    pub(super) fn save(&mut self, key: &State<V>) -> Option<()>
    where
        V: Clone,
    {
        (!self.fell && self.saved.is_none()).then(|| self.saved = Some(key.clone()))
    }

    /// Falls back to what it has saved, which is what its key holds from now on.
    pub(super) fn fall(&mut self) -> Option<State<V>> {
        let saved = self.saved.take()?;
        self.fell = true;
        Some(saved)
    }

    /// Names the nonce that is saved, and says what it was called before. The key held `held` until it was named.
    pub(super) fn name(&mut self, held: Nonce) -> Nonce {
        let Some(saved) = self.saved.as_mut().and_then(state::held) else { return NEVER };
        let name = if *saved == held { HELD } else { SAVED };
        let named = name.of(saved.incarnation());
        mem::replace(saved, named)
    }

    /// `key` is what it holds now; its values, and the saved ones, need so many bits.
    pub(super) fn encode(
        &self,
        key: &State<V>,
        code: &mut Code,
        width: u32,
        value: impl Fn(&V) -> u32,
    ) where
        V: Clone,
    {
        let now = self.incarnation();
        let earlier = state::held(&mut key.clone()).is_some_and(|held| held.incarnation() != now);
        code.put(1, u8::from(self.fell && earlier));
        code.put(2, u8::from(self.fell) + 2 * u8::from(self.saved.is_some()));
        code.key(self.saved.as_ref().unwrap_or(&State::Vacant), width, value);
    }
}
