//! The states of keys as the models need them: few nonces, no lives, and short names.

use std::time::Duration;

use cache_runtime::protocol::{Expected, Nonce, State};

/// Every nonce that a key does not hold, and never will again.
pub(super) const NEVER: Nonce = nonce(0);

/// The nonce that a key holds, after a move.
pub(super) const HELD: Nonce = nonce(1);

/// The nonce that a move may draw.
pub(super) const NEW: Nonce = nonce(2);

/// The nonce that a key may come to hold again.
pub(super) const SAVED: Nonce = nonce(3);

/// The nonce of this name, of no incarnation yet.
pub(super) const fn nonce(name: u8) -> Nonce {
    let mut bytes = [0; 16];
    bytes[15] = name;
    Nonce(bytes)
}

/// What a nonce is called.
pub(super) fn name_of(nonce: Nonce) -> u8 {
    nonce.0[15]
}

/// Lives do not matter: anything may expire at any moment.
pub(super) const LIFE: Duration = Duration::from_secs(1);

/// The nonce that a key holds.
pub(super) fn held<V>(key: &mut State<V>) -> Option<&mut Nonce> {
    match key {
        State::Value(nonce, _) | State::Leased(nonce) => Some(nonce),
        State::Fenced(fence) => Some(&mut fence.epoch),
        State::Pending(pending) => Some(&mut pending.stamp),
        State::Vacant | State::Unreadable | State::Void(_) => None,
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
    held(key).map_or(NEVER, |nonce| {
        let named = HELD.of(nonce.incarnation());
        std::mem::replace(nonce, named)
    })
}

/// What a memory of `nonce` is worth when the key holds `held`, and may come to hold `saved` again.
pub(super) fn renamed(nonce: Nonce, held: Nonce, saved: Nonce) -> Nonce {
    let name = match nonce {
        NEVER => return NEVER,
        nonce if nonce == held => HELD,
        nonce if nonce == saved => SAVED,
        _ => return NEVER,
    };
    name.of(nonce.incarnation())
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
        State::Void(_) => "void".into(),
    }
}
