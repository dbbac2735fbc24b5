//! Values that come back as other values: what every codec refuses, and what it keeps as it is.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use serde::de::DeserializeOwned;

use super::*;

/// What becomes of a value under each codec: stored, refused by the serializer, or found to be another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stored,
    Refused,
    Changed,
}
use Fate::{Changed, Refused, Stored};

fn fate<T: Serialize + DeserializeOwned + PartialEq>(value: &T, codec: Codec) -> Fate {
    let encoding = Encoding { codec, fingerprint: FINGERPRINT, ..Encoding::DEFAULT };
    let same: Compare<'_, T> = &|a, b| Some(a == b);
    let encoded = encode_verified(value, same, Nonce([1; 16]), &encoding, Meta::default());
    match encoded {
        Ok(_) => Stored,
        Err(Unstorable::Unencodable(_)) => Refused,
        Err(Unstorable::Changed) => Changed,
    }
}

/// Under JSON, MessagePack and Postcard.
fn check<T>(what: &str, value: &T, expected: [Fate; 3])
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    for (codec, expected) in
        [Codec::Json, Codec::MsgPack, Codec::Postcard].into_iter().zip(expected)
    {
        if codec.missing().is_none() {
            assert_eq!(fate(value, codec), expected, "{what} in {codec:?}");
        }
    }
}

/// By every codec.
fn check_all<T>(what: &str, value: &T, expected: Fate)
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    check(what, value, [expected; 3]);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Field<T> {
    field: T,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Tuple<T>(T, u8);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Variant<T> {
    Newtype(T),
    Struct { field: T },
    Pair(T, T),
}

/// The value in every place that serde knows.
fn check_everywhere<T>(what: &str, value: impl Fn() -> T, expected: [Fate; 3])
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    check(what, &Field { field: value() }, expected);
    check(what, &Tuple(value(), 1), expected);
    check(what, &vec![value()], expected);
    check(what, &(1, value()), expected);
    check(what, &[value(), value()], expected);
    check(what, &BTreeMap::from([(1, value())]), expected);
    check(what, &Variant::Newtype(value()), expected);
    check(what, &Variant::Struct { field: value() }, expected);
    check(what, &Variant::Pair(value(), value()), expected);
    check(what, &Some(Field { field: Box::new(vec![Some(Field { field: value() })]) }), expected);
}

#[test]
fn floats_that_are_not_finite_are_kept_or_refused() {
    for float in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let kept = [Refused, Stored, Stored];
        check_everywhere("a float", || float, kept);
        check_everywhere("an optional float", || Some(float), kept);
        check_everywhere("a small float", || float as f32, kept);
        check("a float alone", &float, kept);
    }
}

#[test]
fn numbers_are_kept_to_their_last_bit() {
    for float in [0.1, -0.0, 5e-324, f64::MAX, f64::MIN_POSITIVE] {
        check_everywhere("a float", || float, [Stored; 3]);
    }
    for float in [0.1_f32, -0.0, f32::MIN_POSITIVE, f32::MAX, 16_777_217.0] {
        check_everywhere("a small float", || float, [Stored; 3]);
    }
    for number in [(1_u64 << 53) + 1, u64::MAX] {
        check_all("a key", &BTreeMap::from([(number, number)]), Stored);
        check_all("an id", &number, Stored);
    }
    check_all("a long number", &(i128::MIN, u128::MAX), Stored);
    for c in ['\0', '"', '\u{7f}', 'é', '\u{10ffff}'] {
        check_all("a char", &Field { field: Some(c) }, Stored);
    }
}

#[test]
fn the_sign_of_zero_is_kept() {
    for codec in codecs() {
        let encoding = Encoding { codec, fingerprint: FINGERPRINT, ..Encoding::DEFAULT };
        let zero: (f64, f32) =
            decode_plain(&encoded(&(-0.0_f64, -0.0_f32), &encoding)).expect("a pair");
        assert!(zero.0.is_sign_negative() && zero.1.is_sign_negative(), "{codec:?}");
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapper<T>(T);

#[test]
fn a_some_of_what_is_written_as_null_is_kept_or_refused() {
    let kept = [Refused, Refused, Stored];
    check_everywhere("Some(None)", || Some(None::<u8>), kept);
    check_everywhere("Some(())", || Some(()), kept);
    check_everywhere("Some(Some(None))", || Some(Some(None::<u8>)), kept);
    check_everywhere("Some(Wrapper(()))", || Some(Wrapper(())), kept);
    check_everywhere("Some(Wrapper(None))", || Some(Wrapper(None::<u8>)), kept);
    check_everywhere("Some(Unit)", || Some(Unit), [Refused, Stored, Stored]);
    // A whole value is written without its `Option`, and `None` has no content.
    check_all("Some(None) alone", &Some(None::<u8>), Refused);
    for codec in [Codec::Json, Codec::MsgPack].into_iter().filter(|it| it.missing().is_none()) {
        assert_eq!(fate(&Some(serde_json::Value::Null), codec), Refused);
    }
}

#[test]
fn what_is_no_null_may_be_in_an_option() {
    check_everywhere("Some(Some(1))", || Some(Some(1)), [Stored; 3]);
    check_everywhere("Some([()])", || Some(vec![()]), [Stored; 3]);
    check_everywhere("Some([None])", || Some(vec![None::<u8>]), [Stored; 3]);
    check_everywhere("Some([])", || Some(Vec::<()>::new()), [Stored; 3]);
    check_everywhere("None", || None::<Option<u8>>, [Stored; 3]);
    check_everywhere("()", || (), [Stored; 3]);
    check_everywhere("Unit", || Unit, [Stored; 3]);
    check_everywhere("Some((None, None))", || Some((None::<u8>, None::<u8>)), [Stored; 3]);
    check_all("() alone", &(), Stored);
}

/// NaN is equal to nothing, and is kept where it comes back.
#[test]
fn what_is_not_equal_to_itself_is_compared_by_its_encoding() {
    #[derive(Serialize, Deserialize)]
    struct Reading {
        value: f64,
        #[serde(deserialize_with = "one_more")]
        count: u8,
    }

    impl PartialEq for Reading {
        fn eq(&self, other: &Reading) -> bool {
            self.value == other.value && self.count == other.count
        }
    }

    check("NaN", &Field { field: f64::NAN }, [Refused, Stored, Stored]);
    check("NaN, and another", &Reading { value: f64::NAN, count: 1 }, [Refused, Changed, Changed]);
}

fn one_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    u8::deserialize(deserializer).map(|count| count + 1)
}

fn as_text<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(number / 100)
}

#[test]
fn what_serde_is_told_to_change_is_found() {
    #[derive(PartialEq, Serialize, Deserialize)]
    struct Hidden {
        name: String,
        #[serde(skip_serializing, default)]
        password: String,
    }

    #[derive(PartialEq, Serialize, Deserialize)]
    struct Skipped {
        id: u8,
        #[serde(skip)]
        seen: Option<u8>,
    }

    #[derive(PartialEq, Serialize, Deserialize)]
    struct Unread {
        id: u8,
        #[serde(skip_deserializing)]
        seen: u8,
    }

    #[derive(PartialEq, Serialize, Deserialize)]
    struct Rounded {
        #[serde(serialize_with = "as_text")]
        cents: u64,
    }

    #[derive(PartialEq, Serialize, Deserialize)]
    struct Read {
        #[serde(deserialize_with = "one_more")]
        count: u8,
    }

    #[derive(PartialEq, Serialize, Deserialize)]
    struct Renamed {
        #[serde(rename(serialize = "a", deserialize = "b"), default)]
        name: u8,
    }

    #[derive(PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Ambiguous {
        Id(u64),
        Code(u8),
    }

    #[derive(Clone, PartialEq, Serialize, Deserialize)]
    #[serde(from = "u8", into = "u8")]
    struct Clamped(u16);

    impl From<u8> for Clamped {
        fn from(byte: u8) -> Self {
            Clamped(byte.into())
        }
    }

    impl From<Clamped> for u8 {
        fn from(clamped: Clamped) -> u8 {
            u8::try_from(clamped.0).unwrap_or(u8::MAX)
        }
    }

    let ann = Hidden { name: "Ann".into(), password: "hash".into() };
    // Postcard has no names, so a field that is missing is an error there, and refused for that.
    check("a hidden field", &ann, [Changed, Changed, Refused]);
    check("a skipped field", &Skipped { id: 1, seen: Some(1) }, [Changed; 3]);
    check("a field that is not read", &Unread { id: 1, seen: 1 }, [Changed, Changed, Refused]);
    check("a rounded field", &Rounded { cents: 150 }, [Changed; 3]);
    check("a field that is read otherwise", &Read { count: 1 }, [Changed; 3]);
    check("a renamed field", &Renamed { name: 1 }, [Changed, Changed, Stored]);
    check("an ambiguous variant", &Ambiguous::Code(1), [Changed, Changed, Refused]);
    check("a clamped number", &Clamped(300), [Changed; 3]);
    // Within others, too, and where nothing is lost, nothing is refused.
    check("one of many", &vec![Some(Clamped(300))], [Changed; 3]);
    check(
        "an empty hidden field",
        &Hidden { password: String::new(), ..ann },
        [Stored, Stored, Refused],
    );
    check("an empty skipped field", &Skipped { id: 1, seen: None }, [Stored; 3]);
    check("the first variant", &Ambiguous::Id(1), [Stored, Stored, Refused]);
    check("a small number", &Clamped(200), [Stored; 3]);
}

#[test]
fn keys_that_are_no_texts_are_kept_or_refused() {
    let pairs = HashMap::from([((1_u8, 2_u8), 3_u8)]);
    check("pairs as keys", &pairs, [Refused, Stored, Stored]);
    check("bools as keys", &BTreeMap::from([(true, 1)]), [Stored; 3]);
    check("chars as keys", &BTreeMap::from([('é', 1)]), [Stored; 3]);
    check("optional keys", &BTreeMap::from([(Some(1_u8), 1)]), [Stored; 3]);
    check("no key", &BTreeMap::from([(None::<u8>, 1)]), [Refused, Stored, Stored]);
}

#[test]
fn borrowed_texts_and_long_lists_are_kept() {
    check_all("a text", &Field { field: Cow::<'static, str>::Borrowed("a") }, Stored);
    check_all("a list", &vec![(); 1000], Stored);
    check_all("bytes", &(0..=255).collect::<Vec<u8>>(), Stored);
}

#[test]
fn times_are_kept_to_the_nanosecond() {
    use std::time::{Duration, SystemTime};

    let time = Duration::new(1_700_000_000, 999_999_999);
    check_everywhere("a length", || time, [Stored; 3]);
    check_everywhere("a time", || SystemTime::UNIX_EPOCH + time, [Stored; 3]);
}
