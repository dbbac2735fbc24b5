//! Which entries are of a reader's layout, and what is not written without one.

use super::*;

fn written(codec: Codec, fingerprint: u64) -> Entry {
    let header = Header { codec: codec.mark(), fingerprint, ..Header::default() };
    let entry = Entry::new(Nonce([1; 16]), header, &[], |_| Ok::<_, ()>(()));
    entry.expect("nothing is written")
}

fn known(fingerprint: u64) -> Encoding {
    Encoding { fingerprint, ..Encoding::DEFAULT }
}

#[test]
fn an_entry_fits_unless_its_fingerprint_is_known_to_be_another() {
    for codec in [Codec::Json, Codec::MsgPack] {
        for (entry, reader, fits) in
            [(0, 0, true), (0, 7, true), (7, 0, true), (7, 7, true), (7, 8, false)]
        {
            let entry = written(codec, entry);
            assert_eq!(super::fits(&entry, &known(reader)), fits, "{codec:?} {entry:?} {reader}");
        }
    }
}

/// Decoding could not tell.
#[test]
fn an_entry_without_names_fits_no_reader_without_a_fingerprint() {
    for (entry, reader, fits) in [(0, 7, false), (7, 0, false), (7, 7, true), (7, 8, false)] {
        let entry = written(Codec::Postcard, entry);
        assert_eq!(super::fits(&entry, &known(reader)), fits, "{entry:?} {reader}");
    }
    for (reader, says) in [(0, ".value::<T>()"), (8, "another layout")] {
        let read = decode::<()>(&written(Codec::Postcard, 7), &known(reader));
        let error = read.expect_err("it is not read").to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[cfg(feature = "postcard")]
#[test]
fn postcard_writes_no_value_whose_layout_could_be_mistaken() {
    let encode = |fingerprint| {
        let encoding = Encoding { codec: Codec::Postcard, fingerprint, ..Encoding::DEFAULT };
        encode(&1_u8, Nonce([0; 16]), &encoding, Meta::default()).map_err(|e| e.to_string())
    };
    assert!(encode(0).expect_err("no fingerprint").contains("derive `CacheValue`"));
    assert!(encode(1 << 63).expect_err("names are needed").contains("skip_serializing_if"));
    assert!(encode(1).is_ok());
}

#[cfg(feature = "msgpack")]
#[test]
fn msgpack_has_the_names_of_fields() {
    use super::rows::Address;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Newer {
        number: Option<u32>,
        #[serde(default)]
        street: String,
        #[serde(default)]
        city: String,
    }

    let encoding = Encoding { codec: Codec::MsgPack, ..Encoding::DEFAULT };
    let older = Address { street: "Main".to_owned(), number: Some(7), floor: None };
    let newer =
        decode_plain::<Newer>(&encoded(&older, &encoding)).expect("it has what is asked for");
    let expected = Newer { number: Some(7), street: "Main".to_owned(), city: String::new() };
    assert_eq!(newer, expected);
}
