//! The properties of any bytes that a server may return for a key: for the fuzz target `entry`, and for the test that
//! replays its corpus.
//!
//! Bytes that begin like an entry are decoded as the state of a key. For all others, the first two bytes choose the
//! codec and the compression, and the rest is the payload.

use std::{collections::BTreeMap, fmt::Debug};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    codec::{self, Meta},
    encoding::{Codec, Compression, Encoding},
    encryption::Encryptor,
    entry::{self, Entry, Header},
    protocol::{Expected, Nonce, Pending, State},
};

/// The stored key of the bytes.
const KEY: &str = "row:1";

/// The encoding of a policy for small values. The small limit also keeps every input fast.
const ENCODING: Encoding =
    Encoding { max_decompressed: 1 << 20, fingerprint: 7, ..Encoding::DEFAULT };

/// A value with something of each kind that a codec knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    id: u64,
    #[serde(default)]
    name: String,
    shapes: Vec<Shape>,
    parts: BTreeMap<String, (i16, char, bool)>,
    inner: Option<Box<Row>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(u32),
    Segment { from: i128, to: u8 },
    Path(Vec<(u8, u8)>),
    Marker(()),
}

/// Does everything that is done with bytes of a server.
///
/// # Panics
///
/// Where a property does not hold that should hold for any bytes.
#[cfg_attr(not(fuzzing), allow(unreachable_pub, reason = "only the fuzzer reaches it"))]
pub fn entry(bytes: &[u8]) {
    if bytes.first() == Some(&0xCA) {
        stored(bytes);
    } else if let [codec, compression, payload @ ..] = bytes {
        let header = Header {
            codec: Codec::of_mark(*codec).map_or(b'j', Codec::mark),
            compression: Compression::of_mark(*compression).map_or(0, Compression::mark),
            fingerprint: ENCODING.fingerprint,
            ..Header::default()
        };
        value(&written(Nonce([1; 16]), header, &[], payload));
    }
}

/// Checks that the state agrees with the bytes, and that it survives encoding and decoding.
fn stored(bytes: &[u8]) {
    match entry::decode(Bytes::copy_from_slice(bytes)) {
        State::Leased(token) => assert_eq!(entry::identity(Expected::Lease(token)), bytes),
        State::Fenced(fence) => {
            assert!(fence.writers > 0);
            assert!(bytes.starts_with(&entry::identity(Expected::Fence(fence.epoch))));
        }
        State::Value(stamp, entry) => {
            assert_eq!(entry.bytes(), bytes);
            again(stamp, &entry);
        }
        State::Pending(Pending { stamp, value, contended }) => {
            assert_eq!(contended, bytes[1] == b'Q');
            assert_eq!(value.bytes()[2..], bytes[2..]);
            again(stamp, &value);
        }
        State::Unreadable => {}
        State::Vacant | State::Void(_) => panic!("there are bytes, and nobody compares"),
    }
}

fn again(stamp: Nonce, entry: &Entry) {
    let tags: Vec<Nonce> = entry.tags().collect();
    let copy = written(stamp, entry.header(), &tags, entry.payload());
    assert_eq!(
        (copy.stamp(), copy.header(), copy.payload()),
        (stamp, entry.header(), entry.payload())
    );
    assert_eq!(entry::decode(copy.bytes().clone()), State::Value(stamp, copy.clone()));
    let opened = sealed(entry);
    if let Some(entry) = opened {
        value(&entry);
    }
}

/// The entry as a cache reads it, with or without encryption keys.
fn sealed(entry: &Entry) -> Option<Entry> {
    let keyless = Encryptor::default().open(KEY, entry.clone());
    assert_eq!(keyless.refused().is_some(), entry.is_sealed());
    #[cfg(feature = "encryption")]
    {
        let ring = || crate::KeyRing::new("a", &[7; 32]).with_decryption_key("b", &[8; 32]);
        let (strict, lenient) = (Encryptor::with(ring()), Encryptor::with(ring().and_plaintext()));
        let opened = lenient.open(KEY, entry.clone());
        if entry.is_sealed() {
            assert_eq!(strict.open(KEY, entry.clone()), opened);
            assert!(lenient.open("row:2", entry.clone()).refused().is_some());
        } else {
            assert!(strict.open(KEY, entry.clone()).refused().is_some());
        }
        if opened.refused().is_some() {
            assert!(codec::decode::<Row>(&opened, &ENCODING).is_err(), "it must not be read");
            return None;
        }
        assert!(!opened.is_sealed());
        let sealed = strict.seal(KEY, &opened).expect("it is not that large");
        let State::Value(_, stored) = entry::decode(sealed.bytes().clone()) else {
            panic!("what was sealed is a whole entry, unless it is a stamp");
        };
        if !opened.is_stamp_only() {
            assert_eq!(strict.open(KEY, stored.clone()), opened);
            assert!(strict.open("row:2", stored).refused().is_some());
        }
        Some(opened)
    }
    #[cfg(not(feature = "encryption"))]
    keyless.refused().is_none().then_some(keyless)
}

/// Decodes an entry as values of several types.
fn value(entry: &Entry) {
    decoded::<Row>(entry);
    decoded::<Option<Row>>(entry);
    decoded::<Vec<Shape>>(entry);
    decoded::<(u64, String)>(entry);
    decoded::<BTreeMap<String, Vec<u32>>>(entry);
    decoded::<Vec<()>>(entry);
    // Encoding these again need not give the same value.
    drop(codec::decode::<serde_json::Value>(entry, &ENCODING));
    drop(codec::decode::<f64>(entry, &ENCODING));
}

/// Checks that a value that can be decoded can be encoded and decoded again to the same value.
fn decoded<T: Serialize + DeserializeOwned + PartialEq + Debug>(entry: &Entry) {
    let Ok(value) = codec::decode::<T>(entry, &ENCODING) else { return };
    let Some(codec) = Codec::of_mark(entry.header().codec) else {
        panic!("no codec has decoded {value:?}");
    };
    let compressions = [None, Some(Compression::Lz4), Some(Compression::Zstd)];
    for compression in
        compressions.into_iter().filter(|one| one.is_none_or(|c| c.missing().is_none()))
    {
        let encoding = Encoding { codec, compression, compress_over: 0, ..ENCODING };
        let again = codec::encode(&value, Nonce([2; 16]), &encoding, Meta::default());
        let again = again
            .and_then(|entry| codec::decode_own::<T>(&entry).map(|_| entry))
            .expect("what was decoded can be encoded");
        assert_eq!(codec::decode::<T>(&again, &encoding).as_ref(), Ok(&value));
    }
}

fn written(stamp: Nonce, header: Header, tags: &[Nonce], payload: &[u8]) -> Entry {
    let copy = |out: &mut Vec<u8>| {
        out.extend_from_slice(payload);
        Ok::<_, std::convert::Infallible>(())
    };
    Entry::new(stamp, header, tags, copy).unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod tests;
