//! The binary format of the states of a key. Any bytes can be decoded; invalid ones are unreadable.
//!
//! The first eighteen bytes, the *identity*, say what a key holds and which one it is. A store compares nothing else:
//!
//! | state | bytes |
//! |---|---|
//! | leased | `CA` `L` token(16) |
//! | fenced | `CA` `F` epoch(16) contended(`0` or `1`) writers(1 to 9 digits) |
//! | value | `CA` `V` stamp(16) flags codec tags compression length(4) cost(4) soft expiry(8) ttl(8) fingerprint(8) tag stamps(16 each) payload |
//! | pending | `CA` `P`, or `Q` where contended, and the rest as a value |
//!
//! The flags are 1 for a remembered `None`, 2 for a value that is kept beyond its soft expiry, 4 for a payload that is
//! sealed ([`encryption`](crate::encryption)); then everything after the identity is authenticated; 8 for a payload that begins
//! with the names of those of its tags that the value names: the length of all(2), and of each its length(2) and its bytes.
//!
//! A tag is a value without a payload. Its soft expiry is when it was made, in microseconds of the server's clock, and in the reply
//! to the step that asks for it, its cost is its age.
//!
//! Numbers are little-endian. The header holds the payload's length, so that a truncated value is detected even where
//! its codec would not notice. The soft expiry is in milliseconds since 1970.
#![cfg_attr(not(feature = "redis"), allow(dead_code, reason = "the embedded store reads no bytes"))]

mod state;

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

#[cfg_attr(
    not(feature = "redis"),
    allow(unused_imports, reason = "the embedded store reads no bytes")
)]
pub(crate) use self::state::{decode, identity};
use crate::{decoded::Decoded, protocol::Nonce};

/// The first byte of everything that this library stores. No UTF-8 text begins with this byte and an ASCII byte.
const MAGIC: u8 = 0xCA;

/// The length of an identity.
pub(crate) const IDENTITY: usize = 18;

/// The length of the header of a value without tags.
pub(crate) const HEADER: usize = 54;

/// The flag of a remembered `None`.
const NEGATIVE: u8 = 1;

/// The flag of a value that the store keeps beyond its soft expiry.
const GRACEFUL: u8 = 2;

/// The flag of a value whose payload is encrypted.
const SEALED: u8 = 4;

/// The flag of a value whose payload begins with the names of tags.
const NAMED: u8 = 8;

/// A value as it is stored: header and payload.
#[derive(Clone)]
pub(crate) struct Entry {
    bytes: Bytes,
    /// Why the value must not be decoded, whatever the bytes are.
    refused: Option<Refused>,
    /// Where its value is kept once it has been decoded, if it is a local copy.
    decoded: Option<Arc<Decoded>>,
    /// Whether it came from this process's memory.
    is_local: bool,
}

/// What has been decoded makes no difference.
impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.bytes == other.bytes && self.refused == other.refused
    }
}

impl Eq for Entry {}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.bytes, self.refused).hash(state);
    }
}

/// Why encryption forbids decoding an entry.
#[cfg_attr(not(feature = "encryption"), allow(dead_code, reason = "nothing is encrypted"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refused {
    /// It is encrypted, and the cache has no encryption keys.
    NoRing,
    /// It is encrypted with a key that the cache does not have.
    UnknownKey,
    /// It was changed after encryption, or belongs to another key.
    Forged,
    /// It is not encrypted, but has to be.
    Plain,
}

/// The fields of the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// The value is a remembered `None`.
    pub(crate) negative: bool,
    /// The mark of the codec that encoded the payload.
    pub(crate) codec: u8,
    /// The mark of the compression; zero where the payload is not compressed.
    pub(crate) compression: u8,
    /// How long the load took, in microseconds.
    pub(crate) cost: u32,
    /// The store keeps the value beyond its soft expiry, so readers have to check that.
    pub(crate) graceful: bool,
    /// When the value becomes stale, in milliseconds since 1970.
    pub(crate) soft_expiry: u64,
    /// How long the value was fresh when it was stored, in milliseconds.
    pub(crate) ttl: u64,
    /// The fingerprint of the value's type; zero where it has none.
    pub(crate) fingerprint: u64,
}

/// The most tags that an entry can have.
pub(crate) const MAX_TAGS: usize = u8::MAX as usize;

impl Entry {
    /// Makes an entry with the stamps of its tags. `payload` appends the encoded value to the buffer.
    pub(crate) fn new<E>(
        stamp: Nonce,
        header: Header,
        tags: &[Nonce],
        payload: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Entry, E> {
        debug_assert!(tags.len() <= MAX_TAGS, "callers check this");
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(&[MAGIC, b'V']);
        bytes.extend_from_slice(&stamp.0);
        let flags = u8::from(header.negative) * NEGATIVE + u8::from(header.graceful) * GRACEFUL;
        bytes.extend_from_slice(&[flags, header.codec, tags.len() as u8, header.compression]);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&header.cost.to_le_bytes());
        bytes.extend_from_slice(&header.soft_expiry.to_le_bytes());
        bytes.extend_from_slice(&header.ttl.to_le_bytes());
        bytes.extend_from_slice(&header.fingerprint.to_le_bytes());
        tags.iter().for_each(|tag| bytes.extend_from_slice(&tag.0));
        let begin = bytes.len();
        payload(&mut bytes)?;
        // Redis stores no payload of over 4 GiB. The length of one would wrap, and it would decode as truncated.
        let length = (bytes.len() - begin) as u32;
        bytes[22..26].copy_from_slice(&length.to_le_bytes());
        // An embedded store keeps the entry as it is.
        bytes.shrink_to_fit();
        Ok(Entry::from_encoded(bytes))
    }

    /// The same entry with another payload.
    pub(crate) fn with_payload(&self, compression: u8, payload: &[u8]) -> Entry {
        let begin = self.payload_start();
        let mut bytes = Vec::with_capacity(begin + payload.len());
        bytes.extend_from_slice(&self.bytes[..begin]);
        bytes[21] = compression;
        bytes[22..26].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(payload);
        Entry::from_encoded(bytes)
    }

    /// The same entry with the names of the last of its tags: those that its value names. None where they take too much room.
    pub(crate) fn naming(&self, names: &[String]) -> Option<Entry> {
        let mut block = vec![0; 2];
        for name in names {
            block.extend_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
            block.extend_from_slice(name.as_bytes());
        }
        let length = u16::try_from(block.len() - 2).ok()?;
        block[..2].copy_from_slice(&length.to_le_bytes());
        let header = &self.bytes[..self.payload_start()];
        let mut bytes = [header, &block, self.payload()].concat();
        let length = (block.len() + self.payload().len()) as u32;
        bytes[18] |= NAMED;
        bytes[22..26].copy_from_slice(&length.to_le_bytes());
        Some(Entry::from_encoded(bytes))
    }

    /// Whether it says which tags its value names.
    pub(crate) fn is_named(&self) -> bool {
        self.bytes[18] & NAMED != 0
    }

    /// The names of the last of its tags, if it says them.
    pub(crate) fn names(&self) -> Option<Vec<&str>> {
        let mut block = self.block()?.get(2..)?;
        let mut names = Vec::new();
        while let Some((length, rest)) = block.split_first_chunk() {
            let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            names.push(std::str::from_utf8(name).ok()?);
            block = rest;
        }
        block.is_empty().then_some(names)
    }

    /// The names with their lengths.
    fn block(&self) -> Option<&[u8]> {
        if !self.is_named() || self.is_sealed() {
            return None;
        }
        let region = self.region();
        let length = u16::from_le_bytes(*region.first_chunk()?);
        region.get(..2 + usize::from(length))
    }

    /// The tag as it is made at this time, in microseconds.
    pub(crate) fn made_at(self, micros: u64) -> Entry {
        self.patched(30, &micros.to_le_bytes())
    }

    /// The tag as it is found at this time, in microseconds.
    pub(crate) fn found_at(self, micros: u64) -> Entry {
        let age = micros.saturating_sub(self.header().soft_expiry);
        self.patched(26, &u32::try_from(age).unwrap_or(u32::MAX).to_le_bytes())
    }

    /// How old a tag was when it was found, if that is known.
    pub(crate) fn age(&self) -> Option<Duration> {
        let Header { soft_expiry: made, cost: age, .. } = self.header();
        (self.is_tag() && made != 0).then(|| Duration::from_micros(age.into()))
    }

    /// Whether it is a tag of which nobody has said when it was made.
    pub(crate) fn is_undated(&self) -> bool {
        self.is_tag() && self.header().soft_expiry == 0
    }

    /// Of a tag, other bytes in its header.
    fn patched(self, at: usize, patch: &[u8]) -> Entry {
        if !self.is_tag() {
            return self;
        }
        let mut bytes = self.bytes.to_vec();
        bytes[at..at + patch.len()].copy_from_slice(patch);
        Entry::from_encoded(bytes)
    }

    fn is_tag(&self) -> bool {
        self.bytes.len() == HEADER && self.is_stamp_only()
    }

    /// The entry of a tag: a stamp without a value.
    pub(crate) fn tag(stamp: Nonce) -> Entry {
        let nothing = |_: &mut Vec<u8>| Ok::<_, std::convert::Infallible>(());
        Entry::new(stamp, Header::default(), &[], nothing).unwrap_or_else(|never| match never {})
    }

    /// The same payload with a stamp, an expiry and tags that were not known when it was encoded.
    pub(crate) fn with_meta(
        &self,
        stamp: Nonce,
        graceful: bool,
        soft_expiry: u64,
        ttl: u64,
        tags: &[Nonce],
    ) -> Entry {
        let header = Header { graceful, soft_expiry, ttl, ..self.header() };
        let copy = |out: &mut Vec<u8>| {
            out.extend_from_slice(self.payload());
            Ok::<_, std::convert::Infallible>(())
        };
        Entry::new(stamp, header, tags, copy).unwrap_or_else(|never| match never {})
    }

    pub(crate) fn stamp(&self) -> Nonce {
        nonce(&self.bytes)
    }

    /// The same value with another stamp.
    pub(crate) fn with_stamp(&self, stamp: Nonce) -> Entry {
        let mut bytes = self.bytes.to_vec();
        bytes[2..IDENTITY].copy_from_slice(&stamp.0);
        Entry::from_encoded(bytes)
    }

    pub(crate) fn header(&self) -> Header {
        Header {
            negative: self.negative(),
            codec: self.bytes[19],
            compression: self.bytes[21],
            graceful: self.bytes[18] & GRACEFUL != 0,
            cost: u32::from_le_bytes(self.array(26)),
            soft_expiry: u64::from_le_bytes(self.array(30)),
            ttl: u64::from_le_bytes(self.array(38)),
            fingerprint: u64::from_le_bytes(self.array(46)),
        }
    }

    pub(crate) fn negative(&self) -> bool {
        self.bytes[18] & NEGATIVE != 0
    }

    /// The stamps that its tags had before the load, in the order of the tags.
    pub(crate) fn tags(&self) -> impl ExactSizeIterator<Item = Nonce> + '_ {
        let stamps = &self.bytes[HEADER..HEADER + 16 * usize::from(self.bytes[20])];
        stamps.chunks_exact(16).map(|stamp| {
            let mut nonce = [0; 16];
            nonce.copy_from_slice(stamp);
            Nonce(nonce)
        })
    }

    /// The encoded value.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.region()[self.block().map_or(0, <[u8]>::len)..]
    }

    /// Everything after the header: the names of tags, and the encoded value.
    pub(crate) fn region(&self) -> &[u8] {
        &self.bytes[self.payload_start()..]
    }

    /// Where the header ends.
    pub(crate) fn payload_start(&self) -> usize {
        HEADER + 16 * usize::from(self.bytes[20])
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    #[cfg(feature = "encryption")]
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Whether this is only a stamp, of a tag or a mark, without a value.
    pub(crate) fn is_stamp_only(&self) -> bool {
        self.bytes[19] == 0
    }

    /// Whether the payload is encrypted.
    pub(crate) fn is_sealed(&self) -> bool {
        self.bytes[18] & SEALED != 0
    }

    /// This entry, marked as one that must not be decoded.
    pub(crate) fn refuse(self, why: Refused) -> Entry {
        Entry { refused: Some(why), ..self }
    }

    /// The same entry, beside which its value is kept once it has been decoded.
    pub(crate) fn keeping_its_value(self) -> Entry {
        Entry { decoded: Some(Arc::default()), ..self }
    }

    /// Where its value is kept, if it is.
    pub(crate) fn decoded(&self) -> Option<&Arc<Decoded>> {
        self.decoded.as_ref()
    }

    /// This entry, as one that came from this process's memory.
    pub(crate) fn local(self) -> Entry {
        Entry { is_local: true, ..self }
    }

    /// Whether it came from this process's memory.
    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    /// Why it must not be decoded.
    pub(crate) fn refused(&self) -> Option<Refused> {
        self.refused
    }

    /// An entry from bytes that are known to be valid.
    pub(crate) fn from_encoded(bytes: impl Into<Bytes>) -> Entry {
        Entry { bytes: bytes.into(), refused: None, decoded: None, is_local: false }
    }

    /// Bytes of the header, which is complete in every entry.
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[at..at + N]);
        array
    }

    fn parse(bytes: Bytes) -> Option<Entry> {
        let tags = usize::from(*bytes.get(20)?);
        let length = u32::from_le_bytes(bytes.get(22..26)?.try_into().ok()?);
        let whole = HEADER + 16 * tags + usize::try_from(length).ok()?;
        (bytes.len() == whole).then(|| Entry::from_encoded(bytes))
    }
}

impl std::fmt::Debug for Entry {
    /// Leaves out the payload, which is user data and must not be logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("stamp", &self.stamp())
            .field("len", &self.bytes.len())
            .finish()
    }
}

/// Sets the length of the payload, and whether it is sealed, in the header of an entry.
#[cfg(feature = "encryption")]
pub(crate) fn set_payload_header(entry: &mut [u8], is_sealed: bool, length: usize) {
    entry[18] = entry[18] & !SEALED | if is_sealed { SEALED } else { 0 };
    entry[22..26].copy_from_slice(&(length as u32).to_le_bytes());
}

/// The nonce of an identity; callers have checked the length.
fn nonce(bytes: &[u8]) -> Nonce {
    let mut nonce = [0; 16];
    nonce.copy_from_slice(&bytes[2..IDENTITY]);
    Nonce(nonce)
}
