//! Codecs: how values become the payload of an entry.

mod none;

pub(crate) use self::none::is_none;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    encoding::Encoding,
    entry::{Entry, Header},
    error::Error,
    freshness::Life,
    protocol::Nonce,
};

/// The codec's mark in an entry's header.
const JSON: u8 = b'j';

/// What an entry says besides its value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meta<'a> {
    /// What the load cost, in microseconds.
    pub(crate) cost: u32,
    /// The store keeps the value beyond its soft expiry.
    pub(crate) graceful: bool,
    /// When the value is stale, in milliseconds since 1970.
    pub(crate) soft_expiry: u64,
    /// For how long it is fresh, in milliseconds.
    pub(crate) ttl: u64,
    /// The stamps of its tags from before the load.
    pub(crate) tags: &'a [Nonce],
}

impl<'a> Meta<'a> {
    /// What a loaded value's entry says.
    pub(crate) fn new(life: &Life, cost: u32, tags: &'a [Nonce]) -> Self {
        let Life { soft_expiry, ttl, graceful, .. } = *life;
        Meta { cost, graceful, soft_expiry, ttl, tags }
    }
}

/// Writes a value as `encoding` says.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    stamp: Nonce,
    encoding: &Encoding,
    meta: Meta<'_>,
) -> Result<Entry, Error> {
    let header = Header {
        negative: is_none(value),
        codec: JSON,
        compression: 0,
        cost: meta.cost,
        graceful: meta.graceful,
        soft_expiry: meta.soft_expiry,
        ttl: meta.ttl,
        fingerprint: encoding.fingerprint,
    };
    Entry::new(stamp, header, meta.tags, |out| serde_json::to_writer(out, value))
        .map_err(|e| Error::Codec(e.to_string()))
}

/// Reads a value. One of another codec, or of another type, is an error and not a guess.
pub(crate) fn decode<T: DeserializeOwned>(entry: &Entry) -> Result<T, Error> {
    let codec = entry.header().codec;
    if codec != JSON {
        return Err(Error::Codec(format!("the entry was written by codec {codec}")));
    }
    serde_json::from_slice(entry.payload()).map_err(|e| Error::Codec(e.to_string()))
}

/// Whether an entry is of the layout that its reader knows, as far as both have a fingerprint. Where one of them has
/// none, decoding decides.
pub(crate) fn fits(entry: &Entry, encoding: &Encoding) -> bool {
    let (written, known) = (entry.header().fingerprint, encoding.fingerprint);
    written == known || written == 0 || known == 0
}

/// The entry, if it reads as what was written, as far as that can be told: a NaN or a `Some(None)` has no JSON
/// of its own.
pub(crate) fn verified<T: Serialize + DeserializeOwned>(entry: Entry) -> Result<Entry, Error> {
    if is_none(&decode::<T>(&entry)?) == entry.negative() {
        Ok(entry)
    } else {
        Err(Error::Codec("it reads back as `None`".to_owned()))
    }
}
