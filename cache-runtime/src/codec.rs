//! Codecs: how values become the payload of an entry. Today JSON.

mod none;

pub(crate) use self::none::is_none;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    entry::{Entry, Header},
    error::Error,
    protocol::Nonce,
};

/// The codec's mark in an entry's header.
const JSON: u8 = b'j';

/// Writes a value that took `cost` microseconds to load.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    stamp: Nonce,
    cost: u32,
) -> Result<Entry, Error> {
    let header = Header { negative: is_none(value), codec: JSON, cost };
    Entry::new(stamp, header, |out| serde_json::to_writer(out, value))
        .map_err(|e| Error::Codec(e.to_string()))
}

/// Reads a value. One of another codec, or of another type, is an error and not a guess.
pub(crate) fn decode<T: DeserializeOwned>(entry: &Entry) -> Result<T, Error> {
    if entry.codec() != JSON {
        return Err(Error::Codec(format!("the entry was written by codec {}", entry.codec())));
    }
    serde_json::from_slice(entry.payload()).map_err(|e| Error::Codec(e.to_string()))
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
