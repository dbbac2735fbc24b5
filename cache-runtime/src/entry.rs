//! How the states of a key are written as bytes, and read back whatever the bytes are.
//!
//! Eighteen bytes say what a key holds and which one it is, the *identity*; a store compares nothing else:
//!
//! | state | bytes |
//! |---|---|
//! | leased | `CA` `L` token(16) |
//! | fenced | `CA` `F` epoch(16) contended(`0` or `1`) writers(1 to 9 digits) |
//! | value | `CA` `V` stamp(16) flags codec tags reserved length(4) cost(4) soft expiry(8) tag stamps(16 each) payload |
//!
//! Numbers are little-endian. The payload's length is in the header, so that a truncated value is found
//! out even where its codec would not notice.
#![cfg_attr(not(feature = "redis"), allow(dead_code, reason = "the embedded store reads no bytes"))]

use bytes::Bytes;

use crate::protocol::{Expected, Fenced, Nonce, State};

/// The first byte of everything that this library stores; no UTF-8 text begins with it and another ASCII byte.
const MAGIC: u8 = 0xCA;

/// The length of an identity.
pub(crate) const IDENTITY: usize = 18;

/// Where a value's payload begins when it has no tags.
const HEADER: usize = 38;

/// The flag of a remembered `None`.
const NEGATIVE: u8 = 1;

/// A value as it is stored: header and payload.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry(Bytes);

/// What [`Entry::new`] puts in the header.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Header {
    /// The value is a remembered `None`.
    pub(crate) negative: bool,
    /// Which codec wrote the payload.
    pub(crate) codec: u8,
    /// What the load cost, in microseconds.
    pub(crate) cost: u32,
}

impl Entry {
    /// Writes a value; `payload` appends its bytes to the buffer and says whether it could.
    pub(crate) fn new<E>(
        stamp: Nonce,
        header: Header,
        payload: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Entry, E> {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(&[MAGIC, b'V']);
        bytes.extend_from_slice(&stamp.0);
        bytes.extend_from_slice(&[u8::from(header.negative) * NEGATIVE, header.codec, 0, 0]);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&header.cost.to_le_bytes());
        bytes.extend_from_slice(&[0; 8]);
        payload(&mut bytes)?;
        // A payload of over 4 GiB is more than Redis stores; its length wraps, and reads as truncated.
        let length = (bytes.len() - HEADER) as u32;
        bytes[22..26].copy_from_slice(&length.to_le_bytes());
        Ok(Entry(bytes.into()))
    }

    pub(crate) fn stamp(&self) -> Nonce {
        nonce(&self.0)
    }

    pub(crate) fn negative(&self) -> bool {
        self.0[18] & NEGATIVE != 0
    }

    pub(crate) fn codec(&self) -> u8 {
        self.0[19]
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.0[HEADER + 16 * usize::from(self.0[20])..]
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }

    fn parse(bytes: Bytes) -> Option<Entry> {
        let tags = usize::from(*bytes.get(20)?);
        let length = u32::from_le_bytes(bytes.get(22..26)?.try_into().ok()?);
        let whole = HEADER + 16 * tags + usize::try_from(length).ok()?;
        (bytes.len() == whole).then_some(Entry(bytes))
    }
}

impl std::fmt::Debug for Entry {
    /// The payload is the user's data, and stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("stamp", &self.stamp()).field("len", &self.0.len()).finish()
    }
}

/// Reads the state that `bytes` mean; bytes that mean nothing are [`State::Unreadable`].
pub(crate) fn decode(bytes: Bytes) -> State<Entry> {
    let state = match (bytes.first(), bytes.get(1)) {
        (Some(&MAGIC), Some(b'V')) => Entry::parse(bytes).map(|e| State::Value(e.stamp(), e)),
        (Some(&MAGIC), Some(b'L')) if bytes.len() == IDENTITY => Some(State::Leased(nonce(&bytes))),
        (Some(&MAGIC), Some(b'F')) => decode_fence(&bytes).map(State::Fenced),
        _ => None,
    };
    state.unwrap_or(State::Unreadable)
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

/// The nonce of an identity; callers have checked the length.
fn nonce(bytes: &[u8]) -> Nonce {
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&bytes[2..IDENTITY]);
    Nonce(nonce)
}
