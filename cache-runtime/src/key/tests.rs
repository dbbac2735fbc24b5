//! Different values write different text, and none of it looks like anything else.

use proptest::prelude::*;

use super::*;

fn part<P: KeyPart + ?Sized>(part: &P) -> String {
    stored(None, None, |out| out.part(part))
}

#[test]
fn parts_are_readable() {
    assert_eq!(part(&42_u64), "42");
    assert_eq!(part(&-7_i8), "-7");
    assert_eq!(part("ann.lee-1_~"), "ann.lee-1_~");
    assert_eq!(part("a:b c"), "a%3Ab%20c");
    assert_eq!(part(""), "''");
    assert_eq!(part(&[1, 2, 3]), "(1,2,3)");
    assert_eq!(part(&(1, "x")), "(1,x)");
    assert_eq!(part(&None::<u8>), "!");
    assert_eq!(part(&Some("x")), "x");
    assert_eq!(part(&Some(None::<u8>)), "!!");
    assert_eq!(part(&'é'), "%C3%A9");
}

#[test]
fn namespace_and_version_frame_the_key() {
    let key = stored(Some("shop"), Some(2), |out| {
        out.literal("user:");
        out.part(&42);
    });
    assert_eq!(key, "shop:user:42:v2");
}

#[test]
fn an_overlong_key_keeps_its_literal_head() {
    let long = "x".repeat(1 << 20);
    let key = stored(None, None, |out| {
        out.literal("doc:");
        out.part(&long);
        out.literal(":body");
    });
    assert!(key.starts_with("doc:#"), "{key}");
    assert_eq!(key.len(), "doc:#".len() + 32);
}

#[test]
fn an_overlong_literal_is_cut_between_characters() {
    let key = stored_key(&"é".repeat(300));
    assert!(key.len() <= MAX_HEAD + 33, "{key}");
}

/// Text that tries hard to look like something else.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(
            prop_oneof![
                Just(':'),
                Just(','),
                Just('('),
                Just(')'),
                Just('!'),
                Just('\''),
                Just('%'),
                Just('#'),
                Just('{'),
                Just('}'),
                Just('\n'),
                Just('\0'),
                Just(' '),
                Just('a'),
                Just('2'),
                Just('5'),
            ],
            0..6
        )
        .prop_map(String::from_iter),
        any::<String>(),
    ]
}

type Nested =
    (Option<Option<String>>, Vec<Vec<String>>, (String, Option<Vec<String>>), Vec<Option<String>>);

fn nested() -> impl Strategy<Value = Nested> {
    (
        proptest::option::of(proptest::option::of(hostile())),
        proptest::collection::vec(proptest::collection::vec(hostile(), 0..3), 0..3),
        (hostile(), proptest::option::of(proptest::collection::vec(hostile(), 0..3))),
        proptest::collection::vec(proptest::option::of(hostile()), 0..3),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn different_parts_write_different_text(a in nested(), b in nested()) {
        prop_assert_eq!(a == b, part(&a) == part(&b));
        prop_assert_eq!(a.0 == b.0, part(&a.0) == part(&b.0));
        prop_assert_eq!(a.1 == b.1, part(&a.1) == part(&b.1));
        prop_assert_eq!(a.2 == b.2, part(&a.2) == part(&b.2));
        prop_assert_eq!(a.3 == b.3, part(&a.3) == part(&b.3));
    }

    #[test]
    fn parts_are_printable_and_hold_no_separator(text in hostile()) {
        let written = part(&text);
        prop_assert!(!written.is_empty());
        prop_assert!(written.bytes().all(|b| b.is_ascii_graphic()));
        let separated = written.contains([':', '{', '}', '/', '|', '#', '(', ',']);
        prop_assert!(!separated);
    }

    #[test]
    fn two_placeholders_never_run_into_each_other(
        a in hostile(), b in hostile(), c in hostile(), d in hostile(),
    ) {
        let key = |x: &str, y: &str| stored(None, None, |out| {
            out.literal("k:");
            out.part(x);
            out.literal(":");
            out.part(y);
        });
        prop_assert_eq!((&a, &b) == (&c, &d), key(&a, &b) == key(&c, &d));
    }

    #[test]
    fn small_alphabets_collide_no_more_than_large_ones(
        a in proptest::collection::vec(proptest::collection::vec(0_u8..2, 0..3), 0..4),
        b in proptest::collection::vec(proptest::collection::vec(0_u8..2, 0..3), 0..4),
    ) {
        prop_assert_eq!(a == b, part(&a) == part(&b));
    }
}

#[test]
fn a_side_key_is_in_the_hash_slot_of_its_key() {
    assert_eq!(side_key("user:42", "refresh"), "user:42#refresh{user:42}");
    assert_eq!(side_key("{acme}:user:42", "refresh"), "{acme}:user:42#refresh");
}
