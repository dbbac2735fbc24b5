//! The number that `#[derive(CacheValue)]` gives a type: the same for as long as what is written is.
#![allow(dead_code, reason = "only the types count")]

use std::{borrow::Cow, collections::HashMap, marker::PhantomData};

use cache_runtime::CacheValue;
use serde::{Deserialize, Serialize};

/// The fingerprint of what is declared, each in a module of its own.
macro_rules! fingerprint {
    ($ty:ident: $($item:item)*) => {{
        mod case {
            use super::*;
            $($item)*
            pub(super) const FINGERPRINT: u64 = <$ty>::FINGERPRINT;
        }
        case::FINGERPRINT
    }};
}

/// A type of another crate, as far as this is concerned: it has no fingerprint.
#[derive(Serialize, Deserialize)]
struct Foreign(u8);

/// Likewise, a number that is marked with what it is of.
#[derive(Serialize, Deserialize)]
struct Id<T>(u64, PhantomData<T>);

fn user() -> u64 {
    fingerprint! { User:
        #[derive(CacheValue, Serialize, Deserialize)]
        struct User { id: u64, name: String }
    }
}

#[test]
fn what_is_not_written_does_not_count() {
    let same = [
        fingerprint! { Person:
            /// By another name, for everyone, with docs.
            #[derive(CacheValue, Debug, Clone, Serialize)]
            pub(super) struct Person {
                /// A number.
                pub(super) id: u64,
                name: String,
            }
        },
        fingerprint! { User:
            #[derive(CacheValue, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            struct User {
                id: u64,
                #[serde(default, alias = "title")]
                name: String,
                #[serde(skip)]
                #[cache_value(may_change)]
                length: usize,
            }
        },
        fingerprint! { User:
            #[derive(CacheValue)]
            struct User { r#id: u64, name: String }
        },
    ];
    assert_eq!(same, [user(); 3]);
}

#[test]
fn whatever_is_written_counts() {
    let mut seen = vec![
        user(),
        fingerprint!(U: #[derive(CacheValue)] struct U { name: String, id: u64 }),
        fingerprint!(U: #[derive(CacheValue)] struct U { id: u64 }),
        fingerprint!(U: #[derive(CacheValue)] struct U { id: u64, name: String, age: u8 }),
        fingerprint!(U: #[derive(CacheValue)] struct U { id: u64, title: String }),
        fingerprint!(U: #[derive(CacheValue)] struct U { id: i64, name: String }),
        fingerprint!(U: #[derive(CacheValue)] struct U { id: u64, name: Option<String> }),
        fingerprint!(U: #[derive(CacheValue)] struct U { id: u64, name: Foreign }),
        fingerprint!(U: #[derive(CacheValue)] struct U(u64, String);),
        fingerprint!(U: #[derive(CacheValue)] struct U;),
        fingerprint!(U: #[derive(CacheValue)] struct U {}),
        fingerprint!(U: #[derive(CacheValue)] enum U { A, B }),
        fingerprint!(U: #[derive(CacheValue)] enum U { B, A }),
        fingerprint!(U: #[derive(CacheValue)] enum U { A, B(u64) }),
        fingerprint!(U: #[derive(CacheValue)] enum U { A, B { id: u64 } }),
        fingerprint!(U: #[derive(CacheValue)] enum U { A, B, C }),
        fingerprint! { U:
            #[derive(CacheValue, Serialize)]
            #[serde(rename_all = "UPPERCASE")]
            struct U { id: u64, name: String }
        },
        fingerprint! { U:
            #[derive(CacheValue, Serialize)]
            struct U { id: u64, #[serde(rename = "label")] name: String }
        },
        fingerprint! { U:
            #[derive(CacheValue, Serialize)]
            #[serde(tag = "kind")]
            enum U { A, B { id: u64 } }
        },
    ];
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all);
    assert!(!seen.contains(&0));
}

/// What has a variant, or a field, that its reader may not expect is marked, and so is what holds it.
#[test]
fn what_can_only_be_read_by_name_has_the_highest_bit() {
    let marked = [
        fingerprint! { U:
            #[derive(CacheValue, Serialize)]
            struct U { #[serde(skip_serializing_if = "Option::is_none")] name: Option<String> }
        },
        fingerprint! { U:
            #[derive(CacheValue, Serialize)]
            struct U(u8, #[serde(skip_serializing)] #[cache_value(may_change)] String);
        },
        fingerprint! { U:
            #[derive(CacheValue, Serialize)]
            enum U { A { #[serde(flatten)] user: Foreign } }
        },
        fingerprint!(U: #[derive(CacheValue, Serialize)] #[serde(untagged)] enum U { A, B(u8) }),
        fingerprint!(U: #[derive(CacheValue, Serialize)] enum U { #[serde(skip)] A, B }),
        fingerprint! { U:
            #[derive(CacheValue, Serialize)]
            #[serde(tag = "kind")]
            enum V { A, B }
            #[derive(CacheValue, Serialize)]
            struct U { holds: Vec<Option<V>> }
        },
    ];
    assert!(marked.iter().all(|fingerprint| fingerprint >> 63 == 1), "{marked:x?}");
    let plain = fingerprint! { U:
        #[derive(CacheValue, Serialize)]
        struct U { #[serde(skip)] #[cache_value(may_change)] name: String, #[serde(default, rename = "a")] b: u8 }
    };
    assert_eq!([plain >> 63, user() >> 63], [0, 0]);
}

/// The text of the outer type is the same each time.
#[test]
fn a_type_changes_with_what_it_holds() {
    macro_rules! outer {
        ($holds:ty, $($inner:tt)*) => {
            fingerprint! { Outer:
                #[derive(CacheValue)]
                struct Inner { $($inner)* }
                #[derive(CacheValue)]
                struct Middle { inner: Inner }
                #[derive(CacheValue)]
                struct Outer { id: u64, holds: $holds }
            }
        };
    }
    assert_eq!(outer!(Inner, a: u8), outer!(Inner, a: u8));
    assert_ne!(outer!(Inner, a: u8), outer!(Inner, a: u16));
    assert_ne!(outer!(Middle, a: u8), outer!(Middle, a: u16));
    assert_ne!(outer!(Vec<Option<Box<Inner>>>, a: u8), outer!(Vec<Option<Box<Inner>>>, a: u16));
    assert_ne!(outer!(HashMap<u8, Inner>, a: u8), outer!(HashMap<u8, Inner>, a: u16));
    assert_ne!(outer!((u8, [Inner; 2]), a: u8), outer!((u8, [Inner; 2]), a: u16));
    assert_ne!(outer!((Foreign, Inner), a: u8), outer!((Foreign, Inner), a: u16));
    assert_ne!(outer!(Result<Inner, Foreign>, a: u8), outer!(Result<Inner, Foreign>, a: u16));
    // Whether a container of another crate holds what it names is not known.
    assert_eq!(outer!(Id<Inner>, a: u8), outer!(Id<Inner>, a: u16));
}

#[test]
fn the_type_that_is_written_instead_counts() {
    macro_rules! money {
        ($($stored:tt)*) => {
            fingerprint! { Money:
                #[derive(CacheValue, Clone, Serialize, Deserialize)]
                struct Stored { $($stored)*: u8 }
                #[derive(CacheValue, Clone, Serialize, Deserialize)]
                #[serde(into = "Stored", from = "Stored")]
                struct Money { cents: i64 }
                impl From<Money> for Stored {
                    fn from(money: Money) -> Stored { Stored { $($stored)*: money.cents as u8 } }
                }
                impl From<Stored> for Money {
                    fn from(stored: Stored) -> Money { Money { cents: stored.$($stored)*.into() } }
                }
            }
        };
    }
    assert_eq!(money!(a), money!(a));
    assert_ne!(money!(a), money!(b));
}

#[derive(CacheValue)]
struct Page<'a, T, U: ?Sized, const N: usize> {
    title: Cow<'a, str>,
    items: [Option<T>; N],
    of: PhantomData<U>,
}

#[test]
fn a_generic_type_changes_with_its_parameters() {
    const BASE: u64 = Page::<u8, Foreign, 2>::FINGERPRINT;
    assert_ne!(BASE, Page::<u16, Foreign, 2>::FINGERPRINT);
    assert_ne!(BASE, Page::<u8, Foreign, 3>::FINGERPRINT);
    // Nothing of it is written.
    assert_eq!(BASE, Page::<u8, str, 2>::FINGERPRINT);
}

trait Table {
    type Row;
}

impl Table for u8 {
    type Row = String;
}

impl Table for u16 {
    type Row = Vec<String>;
}

#[derive(CacheValue)]
struct Rows<T: Table>(PhantomData<T>, Vec<T::Row>);

#[test]
fn an_associated_type_counts() {
    assert_ne!(Rows::<u8>::FINGERPRINT, Rows::<u16>::FINGERPRINT);
}

/// Types that hold themselves, each other, and something else.
macro_rules! recursive {
    ($leaf:ty) => {
        fingerprint! { Tree:
            #[derive(CacheValue)]
            struct Leaf($leaf);
            #[derive(CacheValue)]
            struct Tree { children: HashMap<String, Box<Self>>, pairs: Vec<(Tree, Leaf)>, author: Author }
            #[derive(CacheValue)]
            struct Author { #[cache_value(by_name)] trees: Vec<Tree> }
        }
    };
}

#[test]
fn a_type_may_hold_itself() {
    assert_eq!(recursive!(u8), recursive!(u8));
    assert_ne!(recursive!(u8), recursive!(u16));
}

/// Constants of the type's own, by the names that the derive uses.
#[derive(CacheValue)]
struct Shadowed {
    inner: Shadow,
}

#[derive(CacheValue)]
struct Shadow;

impl Shadow {
    const FINGERPRINT: &'static str = "mine";
    const LAYOUT: &'static str = "mine";
}

#[test]
fn constants_of_the_type_are_not_taken_for_the_fingerprint() {
    let other = fingerprint! { Shadowed:
        #[derive(CacheValue)]
        struct Shadow;
        #[derive(CacheValue)]
        struct Shadowed { inner: Shadow }
    };
    assert_eq!(Shadowed::FINGERPRINT, other);
    assert_eq!((Shadow::FINGERPRINT, Shadow::LAYOUT), ("mine", "mine"));
}
#[test]
fn fingerprints_do_not_change_with_the_compiler() {
    assert_eq!(user(), USER);
}

/// As it was when this was written: a new number would make every deployment start with a cold cache.
const USER: u64 = 0x3215_66d6_0d61_fdcb;
