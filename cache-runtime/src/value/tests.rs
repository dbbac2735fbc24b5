//! Tests of fingerprints.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    marker::PhantomData,
    sync::Arc,
};

use super::{CacheValue, Fingerprint, LayoutOf, NAMED, Opaque as _, needs_names};

struct User;

impl CacheValue for User {
    const FINGERPRINT: u64 = Fingerprint::of("struct { id : u64 }").get();
}

/// A type that is no `CacheValue`.
struct Foreign;

const fn of<T: CacheValue + ?Sized>() -> u64 {
    T::FINGERPRINT
}

#[test]
fn the_hash_is_the_published_one() {
    // From the test vectors of the authors.
    assert_eq!(Fingerprint::of("").hash, 0xcbf2_9ce4_8422_2325);
    assert_eq!(Fingerprint::of("a").hash, 0xaf63_dc4c_8601_ec8c);
    assert_eq!(Fingerprint::of("foobar").hash, 0x8594_4171_f739_67e8);
    assert_eq!(Fingerprint::of("").with(0x61).hash, Fingerprint::of("a\0\0\0\0\0\0\0").hash);
}

#[test]
fn no_fingerprint_is_zero() {
    let zero = Fingerprint { hash: NAMED, named: false };
    assert_eq!(zero.get(), 1);
    assert_eq!(zero.named().get(), NAMED);
}

/// A part that can only be read by name makes the whole such a type.
#[test]
fn names_that_have_to_be_written_are_known_of() {
    struct Sparse;

    impl CacheValue for Sparse {
        const FINGERPRINT: u64 = Fingerprint::of("struct { a : u8 }").named().get();
    }

    assert!(needs_names(of::<Sparse>()));
    assert!(needs_names(of::<Vec<(u8, Option<Box<[Sparse; 2]>>)>>()));
    assert!(needs_names(Fingerprint::of("").with(of::<Sparse>()).with(of::<u8>()).get()));
    for text in ["", "a", "foobar", "struct { a : u8 }"] {
        assert!(!needs_names(Fingerprint::of(text).get()), "{text}");
    }
}

#[test]
fn a_value_is_known_through_what_is_written_as_it_is() {
    let user = of::<User>();
    assert_eq!(of::<Option<User>>(), user);
    assert_eq!(of::<Box<User>>(), user);
    assert_eq!(of::<Arc<Option<Box<User>>>>(), user);
    assert_eq!(of::<&User>(), user);
    assert_eq!(of::<Option<Option<User>>>(), user);
    assert_eq!(of::<Cow<'static, str>>(), of::<String>());
    assert_eq!(of::<Vec<User>>(), of::<[User]>());
    assert_eq!(of::<BTreeSet<u8>>(), of::<Vec<u8>>());
    assert_eq!(of::<HashMap<u8, User>>(), of::<BTreeMap<u8, User>>());
}

/// Within another type an `Option` has a byte of its own.
#[test]
fn an_option_within_another_type_counts() {
    assert_ne!(of::<Vec<Option<User>>>(), of::<Vec<User>>());
    assert_ne!(of::<Vec<Option<Option<User>>>>(), of::<Vec<Option<User>>>());
    assert_ne!(of::<(Option<u8>, u8)>(), of::<(u8, Option<u8>)>());
    assert_ne!(of::<Vec<Box<Option<User>>>>(), of::<Vec<User>>());
    assert_eq!(of::<Vec<Box<User>>>(), of::<Vec<User>>());
}

#[test]
fn other_layouts_have_other_fingerprints() {
    let all = [
        of::<User>(),
        of::<u8>(),
        of::<u16>(),
        of::<i8>(),
        of::<bool>(),
        of::<f32>(),
        of::<String>(),
        of::<()>(),
        of::<(u8,)>(),
        of::<(u8, u8)>(),
        of::<((u8, u8), u8)>(),
        of::<(u8, (u8, u8))>(),
        of::<[u8; 2]>(),
        of::<[u8; 3]>(),
        of::<Vec<u8>>(),
        of::<Vec<u16>>(),
        of::<HashMap<u8, u16>>(),
        of::<HashMap<u16, u8>>(),
        of::<Result<u8, u16>>(),
        of::<Result<u16, u8>>(),
    ];
    let different: BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
    assert!(!all.contains(&0));
    assert_eq!(of::<PhantomData<User>>(), of::<()>());
}

#[test]
fn the_layout_of_any_type_can_be_asked_for() {
    const USER: u64 = <LayoutOf<User>>::LAYOUT;
    assert_eq!(USER, of::<User>());
    assert_eq!(<LayoutOf<Option<User>>>::LAYOUT, <Option<User> as CacheValue>::LAYOUT);
    assert_eq!(<LayoutOf<Foreign>>::LAYOUT, 0);
    assert_eq!(<LayoutOf<Vec<Foreign>>>::LAYOUT, 0);
    assert_eq!(<LayoutOf<dyn std::fmt::Debug>>::LAYOUT, 0);
}

#[test]
fn a_parameter_is_known_as_far_as_its_bounds_say() {
    fn bounded<T: CacheValue>() -> u64 {
        <LayoutOf<Vec<T>>>::LAYOUT
    }
    fn unbounded<T>() -> u64 {
        <LayoutOf<Vec<T>>>::LAYOUT
    }
    assert_eq!(bounded::<User>(), of::<Vec<User>>());
    assert_eq!(unbounded::<User>(), 0);
}
