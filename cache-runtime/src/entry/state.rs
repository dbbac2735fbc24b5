//! Decodes the states of a key, and encodes identities.

use bytes::Bytes;

use super::{Entry, IDENTITY, MAGIC, nonce};
use crate::protocol::{Expected, Fenced, Pending, State};

/// Decodes a state. Invalid bytes are [`State::Unreadable`].
pub(crate) fn decode(bytes: Bytes) -> State<Entry> {
    let state = match (bytes.first(), bytes.get(1)) {
        (Some(&MAGIC), Some(b'V')) => Entry::parse(bytes).map(|e| State::Value(e.stamp(), e)),
        (Some(&MAGIC), Some(kind @ (b'P' | b'Q'))) => {
            let contended = *kind == b'Q';
            Entry::parse(as_value(&bytes))
                .map(|value| State::Pending(Pending { stamp: value.stamp(), value, contended }))
        }
        (Some(&MAGIC), Some(b'L')) if bytes.len() == IDENTITY => Some(State::Leased(nonce(&bytes))),
        (Some(&MAGIC), Some(b'F')) => decode_fence(&bytes).map(State::Fenced),
        _ => None,
    };
    state.unwrap_or(State::Unreadable)
}

/// The bytes of a pending value with the mark of an ordinary one.
fn as_value(bytes: &[u8]) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[1] = b'V';
    bytes.into()
}

fn decode_fence(bytes: &[u8]) -> Option<Fenced> {
    let contended = match bytes.get(IDENTITY)? {
        b'0' => false,
        b'1' => true,
        _ => return None,
    };
    let digits = &bytes[IDENTITY + 1..];
    if digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let writers = std::str::from_utf8(digits).ok()?.parse().ok().filter(|&n| n > 0)?;
    Some(Fenced { epoch: nonce(bytes), writers, contended })
}

/// The identity that `expected` names.
pub(crate) fn identity(expected: Expected) -> Vec<u8> {
    let (kind, nonce) = match expected {
        Expected::Lease(token) => (b'L', token),
        Expected::Value(stamp) => (b'V', stamp),
        Expected::Fence(epoch) => (b'F', epoch),
    };
    let mut bytes = Vec::with_capacity(IDENTITY);
    bytes.extend_from_slice(&[MAGIC, kind]);
    bytes.extend_from_slice(&nonce.0);
    bytes
}
