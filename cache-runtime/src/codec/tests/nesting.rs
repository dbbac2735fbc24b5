//! How deep a value may be nested, and what a corrupt entry cannot make of it.

use super::*;

/// A type that holds itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct List {
    next: Option<Box<List>>,
}

fn nested(depth: usize) -> List {
    (0..depth).fold(List { next: None }, |next, _| List { next: Some(Box::new(next)) })
}

fn depth(list: &List) -> usize {
    std::iter::successors(Some(list), |list| list.next.as_deref()).count() - 1
}

#[test]
fn values_are_nested_as_deep_as_the_stack_allows_for_and_no_deeper() {
    for encoding in encodings() {
        let entry = verified::<List>(encoded(&nested(100), &encoding)).expect("it reads back");
        assert_eq!(decode_plain::<List>(&entry).map(|list| depth(&list)), Ok(100), "{encoding:?}");
        let entry = encoded(&nested(2000), &encoding);
        assert!(verified::<List>(entry).is_err(), "{encoding:?}");
    }
}

/// What would overflow the stack of its reader.
#[test]
fn corrupt_bytes_that_nest_without_end_are_an_error() {
    let nests = [b"[".as_slice(), b"{\"next\":", b"\x81\xA4next", b"\x91", b"\x01"];
    for encoding in encodings() {
        let entry = encoded(&nested(1), &encoding);
        for nest in nests {
            let payload = nest.repeat(100_000);
            let plain = Encoding { compression: None, ..encoding };
            let bytes = with_payload(&encoded(&nested(1), &plain), &payload);
            assert!(decode_plain::<List>(&bytes).is_err(), "{encoding:?}");
            if let Some(compression) = encoding.compression {
                let payload = compression::compress(&payload, compression).expect("it is built in");
                assert!(
                    decode_plain::<List>(&with_payload(&entry, &payload)).is_err(),
                    "{encoding:?}"
                );
            }
        }
    }
}
