//! Tests of what is written and read: every codec, with every compression, over nested types.

mod changed;
mod layouts;
mod lengths;
mod nesting;
mod rows;
#[cfg(any(feature = "lz4", feature = "zstd"))]
mod sizes;

use std::{collections::BTreeMap, fmt::Debug};

use proptest::{collection, prelude::*};
use serde::Deserialize;

use self::{
    nesting::List,
    rows::{Marker, Row, Shape, Wrapped, rows},
};
use super::*;
use crate::{encoding::Compression, protocol::State};

/// A fingerprint of nothing in particular.
const FINGERPRINT: u64 = 7;

/// All that is built in.
fn codecs() -> Vec<Codec> {
    let all = [Codec::Json, Codec::MsgPack, Codec::Postcard];
    all.into_iter().filter(|codec| codec.missing().is_none()).collect()
}

fn compressions() -> Vec<Option<Compression>> {
    let all = [Compression::Lz4, Compression::Zstd];
    let built_in = all.into_iter().filter(|one| one.missing().is_none());
    [None].into_iter().chain(built_in.map(Some)).collect()
}

fn encodings() -> Vec<Encoding> {
    let encodings = codecs().into_iter().flat_map(|codec| {
        compressions().into_iter().map(move |compression| Encoding {
            codec,
            compression,
            compress_over: 0,
            fingerprint: FINGERPRINT,
            ..Encoding::DEFAULT
        })
    });
    encodings.collect()
}

/// Reads as a policy does that says nothing of it.
fn decode_plain<T: serde::de::DeserializeOwned>(entry: &Entry) -> Result<T, Error> {
    decode_within(entry, Encoding::DEFAULT.max_decompressed)
}

/// The entry, if it can be decoded again.
fn verified<T: Serialize + serde::de::DeserializeOwned>(entry: Entry) -> Result<Entry, Error> {
    decode_own::<T>(&entry).map(|_| entry)
}

fn encoded<T: Serialize + ?Sized>(value: &T, encoding: &Encoding) -> Entry {
    let meta = Meta { cost: 1, graceful: true, soft_expiry: 2, ttl: 3, tags: &[Nonce([4; 16])] };
    encode(value, Nonce([5; 16]), encoding, meta).unwrap_or_else(|e| panic!("{encoding:?}: {e}"))
}

/// The entry with this payload in the place of its own.
fn with_payload(entry: &Entry, payload: &[u8]) -> Entry {
    entry.with_payload(entry.header().compression, payload)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever compares what is cached with its source would find a difference otherwise.
    #[test]
    fn a_float_is_read_to_its_last_bit(
        floats in collection::vec((prop::num::f64::NORMAL, prop::num::f32::NORMAL), 16),
    ) {
        for encoding in encodings() {
            let entry = encoded(&floats, &encoding);
            prop_assert_eq!(&decode_plain::<Vec<(f64, f32)>>(&entry).expect("it can be read"), &floats);
        }
    }

    /// All of them, so that codecs agree with each other as well.
    #[test]
    fn every_encoding_gives_back_the_value(row in rows()) {
        for encoding in encodings() {
            let entry = encoded(&row, &encoding);
            let entry = verified::<Row>(entry).expect("it reads back");
            prop_assert_eq!(&decode_plain::<Row>(&entry).expect("it can be read"), &row);
            prop_assert_eq!(entry.header().cost, 1);
            prop_assert_eq!(entry.header().fingerprint, FINGERPRINT);
            prop_assert_eq!(entry.tags().collect::<Vec<_>>(), [Nonce([4; 16])]);
        }
    }

    #[test]
    fn a_value_and_an_option_of_it_read_each_other(row in rows()) {
        for encoding in encodings() {
            let plain = encoded(&row, &encoding);
            let optional = encoded(&Some(&row), &encoding);
            prop_assert_eq!(plain.payload(), optional.payload());
            prop_assert!(!optional.negative());
            let row = Some(row.clone());
            prop_assert_eq!(&decode_plain::<Option<Row>>(&plain).expect("an option"), &row);
            prop_assert_eq!(&decode_plain::<Box<Option<Box<Row>>>>(&plain).expect("however it is spelt"),
                &Box::new(row.clone().map(Box::new)));
            prop_assert_eq!(&decode_plain::<Option<Option<Row>>>(&plain).expect("however often"),
                &Some(row.clone()));
            prop_assert_eq!(Some(decode_plain::<Row>(&optional).expect("a value")), row);
        }
    }

    #[test]
    fn corrupt_bytes_are_an_error_or_a_value(
        row in rows(),
        changes in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
    ) {
        for encoding in encodings() {
            let entry = encoded(&row, &encoding);
            let mut payload = entry.payload().to_vec();
            for (at, byte) in &changes {
                let at = at.index(payload.len());
                payload[at] = *byte;
            }
            drop(decode_plain::<Row>(&with_payload(&entry, &payload)));
            payload.truncate(length.index(payload.len()));
            drop(decode_plain::<Row>(&with_payload(&entry, &payload)));
            drop(decode_plain::<Option<List>>(&with_payload(&entry, &payload)));
        }
    }

    #[test]
    fn foreign_bytes_are_an_error_or_a_value(
        payload in collection::vec(any::<u8>(), 0..200),
        codec in any::<u8>(),
        compression in any::<u8>(),
    ) {
        let codecs = codecs().into_iter().map(Codec::mark).chain([codec]);
        for codec in codecs {
            let compressions = compressions().into_iter().flatten().map(Compression::mark);
            for compression in compressions.chain([0, compression]) {
                let header = Header { codec, compression, ..Header::default() };
                let entry = Entry::new(Nonce([1; 16]), header, &[], |out| {
                    out.extend_from_slice(&payload);
                    Ok::<_, ()>(())
                });
                let entry = entry.expect("it is written");
                drop(decode_plain::<Row>(&entry));
                drop(decode_plain::<Option<List>>(&entry));
                drop(decode_plain::<Vec<String>>(&entry));
            }
        }
    }
}

#[test]
fn a_none_is_remembered_by_every_codec() {
    for encoding in encodings() {
        let entry =
            verified::<Option<Row>>(encoded(&None::<Row>, &encoding)).expect("it reads back");
        assert!(entry.negative());
        assert_eq!(decode_plain::<Option<Row>>(&entry), Ok(None), "{encoding:?}");
        assert_eq!(decode_plain::<Option<Box<Option<u8>>>>(&entry), Ok(None), "{encoding:?}");
        assert!(decode_plain::<Row>(&entry).is_err(), "{encoding:?}");
        assert!(decode_plain::<u8>(&entry).is_err(), "{encoding:?}");
    }
}

/// Nothing can be told from `None` that holds no more than it.
#[test]
fn a_none_in_an_option_is_not_written() {
    for encoding in encodings() {
        let value = Some(None::<u8>);
        let entry = encode(&value, Nonce([0; 16]), &encoding, Meta::default());
        assert!(entry.and_then(verified::<Option<Option<u8>>>).is_err(), "{encoding:?}");
    }
}

/// Values with no bytes to tell them by, and others with many.
#[test]
fn values_of_any_kind_go_to_the_top() {
    fn goes<T: Serialize + serde::de::DeserializeOwned + PartialEq + Debug>(value: T) {
        for encoding in encodings() {
            let entry = verified::<T>(encoded(&value, &encoding)).expect("it reads back");
            assert_eq!(decode_plain::<T>(&entry).as_ref(), Ok(&value), "{encoding:?}");
        }
    }
    goes(());
    goes(Marker);
    goes(Wrapped(vec![1, 2, 3]));
    goes(Shape::Point);
    goes(Shape::Segment(1, -1));
    goes((true, 'x', -1_i8, 1.5_f32, u128::MAX));
    goes(String::new());
    goes(Vec::<Option<u8>>::from([None, Some(1)]));
    goes(BTreeMap::from([(1_u8, "a".to_owned())]));
    goes(Ok::<u8, String>(1));
}

#[test]
fn a_value_is_followed_by_nothing() {
    for encoding in encodings().into_iter().filter(|encoding| encoding.compression.is_none()) {
        let entry = encoded(&(1_u8, "a".to_owned()), &encoding);
        let longer = with_payload(&entry, &[entry.payload(), b"\x01"].concat());
        assert!(decode_plain::<(u8, String)>(&longer).is_err(), "{encoding:?}");
    }
}

#[test]
fn an_entry_is_read_by_what_it_says_of_itself() {
    let unknown = Header { codec: b'?', ..Header::default() };
    let entry = Entry::new(Nonce([1; 16]), unknown, &[], |out| {
        out.extend_from_slice(b"1");
        Ok::<_, ()>(())
    });
    let entry = entry.expect("it is written");
    let error = decode_plain::<u8>(&entry).expect_err("an unknown codec");
    assert!(error.to_string().contains("an unknown codec wrote the entry: 63"), "{error}");

    let entry = encoded(&1_u8, &Encoding::DEFAULT).with_payload(b'?', b"1");
    let error = decode_plain::<u8>(&entry).expect_err("an unknown compression");
    assert!(error.to_string().contains("unknown method 63"), "{error}");
}

#[test]
fn what_is_not_built_in_says_which_feature_to_enable() {
    let codecs = [
        (Codec::Json, None),
        (Codec::MsgPack, (!cfg!(feature = "msgpack")).then_some("`msgpack`")),
        (Codec::Postcard, (!cfg!(feature = "postcard")).then_some("`postcard`")),
    ];
    for (codec, feature) in codecs {
        assert_eq!(codec.missing().is_none(), feature.is_none(), "{codec:?}");
        assert!(codec.missing().unwrap_or_default().contains(feature.unwrap_or_default()));
        assert_eq!(Codec::of_mark(codec.mark()), Some(codec));
        let encoding = Encoding { codec, fingerprint: FINGERPRINT, ..Encoding::DEFAULT };
        let written = encode(&1_u8, Nonce([1; 16]), &encoding, Meta::default());
        assert_eq!(written.is_ok(), feature.is_none(), "{written:?}");
    }
    let compressions = [
        (Compression::Lz4, (!cfg!(feature = "lz4")).then_some("`lz4`")),
        (Compression::Zstd, (!cfg!(feature = "zstd")).then_some("`zstd`")),
    ];
    for (compression, feature) in compressions {
        assert_eq!(compression.missing().is_none(), feature.is_none(), "{compression:?}");
        assert!(compression.missing().unwrap_or_default().contains(feature.unwrap_or_default()));
        assert_eq!(Compression::of_mark(compression.mark()), Some(compression));
        let encoding = Encoding { compression: Some(compression), ..Encoding::DEFAULT };
        let entry = encoded(&"a".repeat(5000), &encoding);
        let mark = if feature.is_none() { compression.mark() } else { 0 };
        assert_eq!(entry.header().compression, mark, "{compression:?}");
    }
}

#[test]
fn an_entry_says_which_of_its_tags_its_value_names() {
    let meta = Meta { tags: &[Nonce([4; 16]), Nonce([5; 16])], ..Meta::default() };
    let encoded = encode(&"Ann", Nonce([1; 16]), &Encoding::DEFAULT, meta).expect("a text");
    assert_eq!((encoded.is_named(), encoded.names()), (false, None));
    for names in [vec![], vec!["#tag:a".to_owned(), "shop:#tag:b".to_owned()]] {
        let entry = encoded.naming(&names).expect("it has room");
        let State::Value(_, entry) = crate::entry::decode(entry.bytes().clone()) else {
            panic!("it is a value");
        };
        assert_eq!(entry.names(), Some(names.iter().map(String::as_str).collect()));
        assert_eq!((entry.payload(), entry.tags().len()), (encoded.payload(), 2));
        assert_eq!(decode::<String>(&entry, &Encoding::DEFAULT), Ok("Ann".to_owned()));
        #[cfg(feature = "encryption")]
        {
            let ring = crate::encryption::Encryptor::with(crate::KeyRing::new("a", &[7; 32]));
            let sealed = ring.seal("k", &entry).expect("it is encrypted");
            assert_eq!((sealed.is_named(), sealed.names()), (true, None), "nobody reads them");
            assert_eq!(ring.open("k", sealed), entry);
        }
    }
    assert!(encoded.naming(&["a".repeat(70_000)]).is_none());
}
