//! What holds of any bytes that a server may hold under a key: for the fuzz target `entry`, and for the test that goes
//! through its corpus.
//!
//! Bytes that begin as an entry does are taken for what is stored under a key. Of any others the first two choose how
//! the rest is said to have been written.

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

/// The name under which the bytes are said to be stored.
const KEY: &str = "row:1";

/// What a policy could say whose values are small. Small, too, so that no input takes long.
const ENCODING: Encoding =
    Encoding { max_decompressed: 1 << 20, fingerprint: 7, ..Encoding::DEFAULT };

/// A bit of everything that a codec has a form for.
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

/// Goes through all that is done with bytes from a server.
///
/// # Panics
///
/// Where something does not hold that should, whatever the bytes are.
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

/// The state of a key agrees with the bytes, and is read again from what it is written as.
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
        State::Vacant => panic!("there is something"),
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

/// What a cache without keys would read, or one with them has opened.
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
            panic!("what is sealed is a whole entry, unless it is a stamp");
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

/// Reads an entry as values of several types.
fn value(entry: &Entry) {
    decoded::<Row>(entry);
    decoded::<Option<Row>>(entry);
    decoded::<Vec<Shape>>(entry);
    decoded::<(u64, String)>(entry);
    decoded::<BTreeMap<String, Vec<u32>>>(entry);
    decoded::<Vec<()>>(entry);
    // What it is written as need not be the same text.
    drop(codec::decode::<serde_json::Value>(entry, &ENCODING));
    drop(codec::decode::<f64>(entry, &ENCODING));
}

/// What can be read is written, and read as the same value.
fn decoded<T: Serialize + DeserializeOwned + PartialEq + Debug>(entry: &Entry) {
    let Ok(value) = codec::decode::<T>(entry, &ENCODING) else { return };
    let Some(codec) = Codec::of_mark(entry.header().codec) else {
        panic!("no codec has read {value:?}");
    };
    let compressions = [None, Some(Compression::Lz4), Some(Compression::Zstd)];
    for compression in
        compressions.into_iter().filter(|one| one.is_none_or(|c| c.missing().is_none()))
    {
        let encoding = Encoding { codec, compression, compress_over: 0, ..ENCODING };
        let again = codec::encode(&value, Nonce([2; 16]), &encoding, Meta::default());
        let again = again.and_then(codec::verified::<T>).expect("what was read can be written");
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
