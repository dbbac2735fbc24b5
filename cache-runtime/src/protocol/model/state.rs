//! The states of keys as the models need them: few nonces, no lives, and short names.

use std::time::Duration;

use crate::protocol::{Expected, Nonce, State};

/// Every nonce that a key does not hold, and never will again.
pub(super) const NEVER: Nonce = Nonce([0; 16]);

/// The nonce that a key holds, after a move.
pub(super) const HELD: Nonce = Nonce([1; 16]);

/// The nonce that a move may draw.
pub(super) const NEW: Nonce = Nonce([2; 16]);

/// Lives do not matter: anything may expire at any moment.
pub(super) const LIFE: Duration = Duration::from_secs(1);

/// The nonce that a key holds.
pub(super) fn held<V>(key: &mut State<V>) -> Option<&mut Nonce> {
    match key {
        State::Value(nonce, _) | State::Leased(nonce) => Some(nonce),
        State::Fenced(fence) => Some(&mut fence.epoch),
        State::Pending(pending) => Some(&mut pending.stamp),
        State::Vacant | State::Unreadable => None,
    }
}

/// The nonce that is expected.
pub(super) fn expected(expected: &mut Expected) -> &mut Nonce {
    match expected {
        Expected::Lease(nonce) | Expected::Value(nonce) | Expected::Fence(nonce) => nonce,
    }
}

/// Whether what is expected never comes.
pub(super) fn is_lost(expected: Expected) -> bool {
    let (Expected::Lease(nonce) | Expected::Value(nonce) | Expected::Fence(nonce)) = expected;
    nonce == NEVER
}

/// Names the nonce that a key holds [`HELD`], and says what it was called before.
pub(super) fn name<V>(key: &mut State<V>) -> Nonce {
    held(key).map_or(NEVER, |nonce| std::mem::replace(nonce, HELD))
}

/// What a memory of `nonce` is worth when the key holds `held`.
pub(super) fn renamed(nonce: Nonce, held: Nonce) -> Nonce {
    if held != NEVER && nonce == held { HELD } else { NEVER }
}

/// A key in few words.
pub(super) fn show<V>(key: &State<V>, value: impl Fn(&V) -> String) -> String {
    let contended = |contended: bool| if contended { ", contended" } else { "" };
    match key {
        State::Vacant => "vacant".into(),
        State::Value(_, held) => format!("value {}", value(held)),
        State::Leased(_) => "leased".into(),
        State::Fenced(f) => format!("fenced for {}{}", f.writers, contended(f.contended)),
        State::Pending(p) => format!("pending {}{}", value(&p.value), contended(p.contended)),
        State::Unreadable => "unreadable".into(),
    }
}
