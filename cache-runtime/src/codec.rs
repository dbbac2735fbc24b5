//! Codecs: encode values as the payload of an entry, and decode them.

mod compression;
mod is_none;
#[cfg(feature = "postcard")]
mod limits;
#[cfg(feature = "msgpack")]
mod msgpack;
#[cfg(feature = "postcard")]
mod postcard;
mod strict;
#[cfg(feature = "postcard")]
mod strip_option;

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::is_none::is_none;
use self::strict::{Rules, Strict};
use crate::{
    encoding::{Codec, Encoding},
    encryption,
    entry::{Entry, Header, MAX_TAGS},
    error::Error,
    expiry::Expiry,
    protocol::Nonce,
    stats::{Counters, NotStored, Warning},
    telemetry::{About, tell},
    value::is_apart,
};

/// The metadata of an entry.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meta<'a> {
    /// How long the load took, in microseconds.
    pub(crate) cost: u32,
    /// The store keeps the value beyond its soft expiry.
    pub(crate) graceful: bool,
    /// When the value becomes stale, in milliseconds since 1970.
    pub(crate) soft_expiry: u64,
    /// How long the value is fresh, in milliseconds.
    pub(crate) ttl: u64,
    /// The stamps that its tags had before the load.
    pub(crate) tags: &'a [Nonce],
}

impl<'a> Meta<'a> {
    /// The metadata of a loaded value.
    pub(crate) fn new(expiry: &Expiry, cost: u32, tags: &'a [Nonce]) -> Self {
        let Expiry { soft_expiry, ttl, graceful, .. } = *expiry;
        Meta { cost, graceful, soft_expiry, ttl, tags }
    }
}

/// Encodes a value as `encoding` says.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    stamp: Nonce,
    encoding: &Encoding,
    meta: Meta<'_>,
) -> Result<Entry, Error> {
    encode_with(is_none(value), stamp, encoding, meta, &mut |out| write(value, encoding, out))
}

/// Whether two values are the same, if that can be said of the type.
pub(crate) type Same<T> = Option<fn(&T, &T) -> bool>;

/// Compares two values; none where that cannot be said of the type.
pub(crate) type Compare<'a, T> = &'a dyn Fn(&T, &T) -> Option<bool>;

/// Why a value is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unstorable {
    /// It cannot be encoded, or not decoded again.
    Unencodable(Error),
    /// Decoded, it is another value.
    Changed,
}

impl From<Error> for Unstorable {
    fn from(error: Error) -> Self {
        Unstorable::Unencodable(error)
    }
}

impl From<Unstorable> for Error {
    fn from(unstorable: Unstorable) -> Self {
        match unstorable {
            Unstorable::Unencodable(error) => error,
            Unstorable::Changed => Error::Codec(CHANGED.to_owned()),
        }
    }
}

const CHANGED: &str = "the value is another one when it is decoded again: serde skips a field of it, or writes it in \
    another way than it reads it";

/// Encodes a value, and checks that it is the same when it is decoded again.
pub(crate) fn encode_verified<T: Serialize + DeserializeOwned>(
    value: &T,
    same: Compare<'_, T>,
    stamp: Nonce,
    encoding: &Encoding,
    meta: Meta<'_>,
) -> Result<Entry, Unstorable> {
    let entry = encode(value, stamp, encoding, meta)?;
    let again: T = decode_own(&entry)?;
    if same(value, &again) == Some(false) {
        // A NaN is not equal to itself, and neither is a value that contains one: its encodings are compared.
        let is_comparable = same(value, value) == Some(true);
        if is_comparable || encode(&again, stamp, encoding, meta)?.payload() != entry.payload() {
            return Err(Unstorable::Changed);
        }
    }
    Ok(entry)
}

/// Decodes what this process has just encoded.
pub(crate) fn decode_own<T: Serialize + DeserializeOwned>(entry: &Entry) -> Result<T, Error> {
    // No limit on the size.
    let value: T = decode_within(entry, usize::MAX)?;
    match is_none(&value) == entry.negative() {
        true => Ok(value),
        false => Err(Error::Codec("it decodes as `None`".to_owned())),
    }
}

/// Makes the entry of a value that `payload` encodes. Not generic, so that it is compiled once for all types.
fn encode_with(
    negative: bool,
    stamp: Nonce,
    encoding: &Encoding,
    meta: Meta<'_>,
    payload: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), String>,
) -> Result<Entry, Error> {
    if meta.tags.len() > MAX_TAGS {
        let many = meta.tags.len();
        return Err(Error::Codec(format!("an entry has at most {MAX_TAGS} tags, not {many}")));
    }
    let header = Header {
        negative,
        codec: encoding.codec.mark(),
        compression: 0,
        cost: meta.cost,
        graceful: meta.graceful,
        soft_expiry: meta.soft_expiry,
        ttl: meta.ttl,
        fingerprint: encoding.fingerprint,
    };
    let entry = Entry::new(stamp, header, meta.tags, payload);
    Ok(compressed(entry.map_err(Error::Codec)?, encoding))
}

/// JSON writes `null` for whatever has no value.
const JSON: Rules = Rules { floats: true, unit_structs: true };

fn write<T: Serialize + ?Sized>(
    value: &T,
    encoding: &Encoding,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match encoding.codec {
        Codec::Json => {
            let json = &mut serde_json::Serializer::new(out);
            value.serialize(Strict::new(json, JSON)).map_err(|e| e.to_string())
        }
        #[cfg(feature = "msgpack")]
        Codec::MsgPack => msgpack::encode(value, out),
        #[cfg(feature = "postcard")]
        Codec::Postcard => postcard::encode(value, encoding.fingerprint, out),
        #[cfg(not(all(feature = "msgpack", feature = "postcard")))]
        codec => Err(codec.missing().unwrap_or_default().to_owned()),
    }
}

/// The entry with a compressed payload, if `encoding` compresses and that makes it smaller.
fn compressed(entry: Entry, encoding: &Encoding) -> Entry {
    let Some(compression) = encoding.compression else { return entry };
    let payload = entry.payload();
    if payload.len() < encoding.compress_over {
        return entry;
    }
    if payload.len() > encoding.max_decompressed {
        return entry;
    }
    match compression::compress(payload, compression) {
        Some(smaller) if smaller.len() < payload.len() => {
            entry.with_payload(compression.mark(), &smaller)
        }
        _ => entry,
    }
}

/// An encoded value, and whether the store may keep it.
pub(crate) enum Packed {
    Fits(Entry),
    /// It is larger than `max_bytes`. It can still be shared.
    TooLarge(Entry),
    /// It cannot be encoded, or would be another value when it is decoded again.
    Refused(NotStored),
}

/// Checks an encoded value against the limits of its policy, and counts and logs what keeps it from the store.
pub(crate) fn packed(
    encoded: Result<Entry, Unstorable>,
    encoding: &Encoding,
    counters: &Counters,
    about: About<'_>,
) -> Packed {
    match encoded {
        Ok(entry) if is_too_large(&entry, encoding) => {
            counters.too_large.add_one();
            Packed::TooLarge(entry)
        }
        Ok(entry) => Packed::Fits(entry),
        Err(Unstorable::Unencodable(error)) => {
            counters.unencodable.add_one();
            if counters.is_first(Warning::Unencodable) {
                tell!(warn, about, %error, "a value cannot be cached, and is loaded each time (said once for each function)");
            }
            Packed::Refused(NotStored::Unencodable)
        }
        Err(Unstorable::Changed) => {
            counters.changed.add_one();
            if counters.is_first(Warning::Changed) {
                tell!(
                    warn,
                    about,
                    "a value comes back from its encoding as another one, so it is not cached and is loaded each time: \
                     serde skips a field of its type, or writes it in another way than it reads it; mend that, or say \
                     with `same` what need not be the same (said once for each function)"
                );
            }
            Packed::Refused(NotStored::Changed)
        }
    }
}

/// Whether an entry is too large for its policy to store it.
pub(crate) fn is_too_large(entry: &Entry, encoding: &Encoding) -> bool {
    entry.payload().len() > encoding.max_bytes
}

/// Decodes a value by the codec and compression in its header. An entry of another type is an error, never a guess.
pub(crate) fn decode<T: DeserializeOwned>(entry: &Entry, encoding: &Encoding) -> Result<T, Error> {
    encryption::check(entry)?;
    decode_checked(entry, encoding)
}

/// As [`decode`], for an entry that has passed [`encryption::check`].
pub(crate) fn decode_checked<T: DeserializeOwned>(
    entry: &Entry,
    encoding: &Encoding,
) -> Result<T, Error> {
    check_layout(entry, encoding)?;
    decode_within(entry, encoding.max_decompressed)
}

fn check_layout(entry: &Entry, encoding: &Encoding) -> Result<(), Error> {
    if tells_layouts(entry.header().codec) || fits(entry, encoding) {
        return Ok(());
    }
    let error = if encoding.fingerprint == 0 { NO_FINGERPRINT } else { OTHER_FINGERPRINT };
    Err(Error::Codec(error.to_owned()))
}

/// Why a caller whose type has no fingerprint cannot decode an entry.
pub(crate) const NO_FINGERPRINT: &str = "Postcard wrote the entry, and its layout is unknown without a fingerprint: \
    read it with a policy that has `.value::<T>()`";

/// Why a caller that does not say of which functions' values it asks for one cannot have an entry.
pub(crate) const SHARED_KEY: &str = "values of two types are under this key, and kept apart: read the entry with a policy, by \
    `cache.with(&POLICY)`, or give them different keys";

const OTHER_FINGERPRINT: &str = "Postcard wrote the entry, for a value of another layout";

/// Decodes an entry of the right type, if it has at most `most` bytes without compression.
fn decode_within<T: DeserializeOwned>(entry: &Entry, most: usize) -> Result<T, Error> {
    let header = entry.header();
    let payload = compression::decompress(entry.payload(), header.compression, most)?;
    read(&header, &payload).map_err(Error::Codec)
}

fn read<T: DeserializeOwned>(header: &Header, payload: &[u8]) -> Result<T, String> {
    match Codec::of_mark(header.codec) {
        Some(Codec::Json) => serde_json::from_slice(payload).map_err(|e| e.to_string()),
        #[cfg(feature = "msgpack")]
        Some(Codec::MsgPack) => msgpack::decode(payload),
        #[cfg(feature = "postcard")]
        Some(Codec::Postcard) => postcard::decode(header.negative, payload),
        #[cfg(not(all(feature = "msgpack", feature = "postcard")))]
        Some(codec) => Err(codec.missing().unwrap_or_default().to_owned()),
        None => Err(format!("an unknown codec wrote the entry: {}", header.codec)),
    }
}

/// Whether an entry has the layout of its reader, as far as fingerprints tell. Where one of the two has no
/// fingerprint, decoding decides, if the codec can tell one layout from another, and the types do not share their keys with
/// others.
pub(crate) fn fits(entry: &Entry, encoding: &Encoding) -> bool {
    let Header { fingerprint: written, codec, .. } = entry.header();
    let known = encoding.fingerprint;
    let one_is_apart = is_apart(written) || is_apart(known);
    written == known || tells_layouts(codec) && (written == 0 || known == 0) && !one_is_apart
}

/// Whether it is an error of this codec to decode an entry as a value of another layout.
fn tells_layouts(codec: u8) -> bool {
    codec != Codec::Postcard.mark()
}

#[cfg(test)]
mod tests;
