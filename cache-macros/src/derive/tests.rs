//! Snapshots of the derives.

use expect_test::expect_file;
use quote::quote;

use crate::snapshot::{check, messages};

macro_rules! snapshots {
    ($derive:ident as $name:ident: $($case:ident { $($item:tt)* })*) => {
        mod $derive {
            use super::*;

            $(
                #[test]
                fn $case() {
                    let item = quote! { $($item)* };
                    let written = quote!(#[derive($name)] #item);
                    let file = concat!("../snapshots/", stringify!($derive), "/", stringify!($case), ".rs");
                    check(&expect_file![file], None, written, crate::derive::$derive::derive(item));
                }
            )*
        }
    };
}

snapshots! { cache_key as CacheKey:
    named {
        #[cache_key("user:<tenant>:<id>")]
        struct UserKey<'a> {
            tenant: &'a str,
            id: u64,
            #[cache_key(skip)]
            trace: TraceId,
        }
    }
    tuple {
        #[cache_key("pair:<0>:<1.id>", crate = my::cache)]
        struct PairKey(u64, User);
    }
    generic {
        #[cache_key("page:<id>:<number>")]
        struct PageKey<T, const N: usize> where T: Table {
            id: Id<T>,
            number: u32,
        }
    }
    linked {
        #[cache_key("users:<team>", value = Vec<User>)]
        struct TeamKey { team: u64 }
    }
    entity {
        #[cache_key("user:<id>", value = Self)]
        struct User { id: u64, name: String, password: Hash }
    }
    generic_entity {
        #[cache_key("row:<id>", value = Row<T>)]
        struct Row<T> { id: u64, columns: T }
    }
    unit {
        #[cache_key("config")]
        struct ConfigKey;
    }
}

snapshots! { cache_value as CacheValue:
    named {
        /// Docs are not part of the layout.
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct User {
            pub id: u64,
            #[serde(rename = "mail", default)]
            email: Option<String>,
            address: Address,
            #[serde(skip)]
            #[cache_value(may_change)]
            cached: OnceCell<Hash>,
            r#type: u64,
        }
    }
    tuple {
        struct Pair(u64, #[serde(with = "hex")] [u8; 16]);
    }
    unit {
        #[cache_value(crate = my::cache)]
        struct Nothing;
    }
    plain_enum {
        enum Plan { Free, Paid = 7 }
    }
    enum_with_fields {
        #[serde(tag = "kind")]
        enum Shape { Point, Circle(f64), #[serde(rename = "rect")] Rectangle { width: f64, height: f64 } }
    }
    sparse {
        struct User { id: u64, #[serde(skip_serializing_if = "Option::is_none")] name: Option<String> }
    }
    generic {
        struct Page<'a, T: Row, K, M, const N: usize> where T: Clone {
            title: Cow<'a, str>,
            rows: [T; N],
            next: Option<T::Cursor>,
            foreign: Foreign<K>,
            marker: PhantomData<M>,
        }
    }
    recursive {
        struct Tree<T> {
            leaf: T,
            children: Vec<Tree<T>>,
            by_name: HashMap<Name, Box<Self>>,
        }
    }
    by_name {
        struct Author { name: String, #[cache_value(by_name)] posts: Vec<Post> }
    }
    stand_in {
        #[serde(into = "Stored", try_from = "Stored")]
        struct Money { cents: i64 }
    }
}

snapshots! { key_part as KeyPart:
    newtype {
        struct UserId(u64);
    }
    named_newtype {
        struct UserId { id: u64 }
    }
    marked_newtype {
        struct Id<T>(Uuid, PhantomData<fn() -> T>);
    }
    generic_newtype {
        struct Lowercase<T: AsRef<str>>(T);
    }
    plain_enum {
        #[key_part(crate = my::cache)]
        enum Plan { Free, Paid, r#Type }
    }
    empty_enum {
        enum Never {}
    }
}

macro_rules! errors {
    ($derive:ident $($item:tt)*) => {
        messages(super::$derive::derive(quote! { $($item)* }))
    };
}

#[test]
fn one_mistake_gives_one_message() {
    let found = [
        errors!(cache_key struct Key { id: u64 }),
        errors!(cache_key #[cache_key] struct Key { id: u64 }),
        errors!(cache_key #[cache_key()] struct Key { id: u64 }),
        errors!(cache_key #[cache_key = "a"] struct Key { id: u64 }),
        errors!(cache_key #[cache_key(5)] struct Key { id: u64 }),
        errors!(cache_key #[cache_key("a:<id>", "b")] struct Key { id: u64 }),
        errors!(cache_key #[cache_key("a:<id>")] #[cache_key("a:<id>")] struct Key { id: u64 }),
        errors!(cache_key #[cache_key("a:<idd>")] struct Key { id: u64 }),
        errors!(cache_key #[cache_key("a:<self.id>")] struct Key { id: u64 }),
        errors!(cache_key #[cache_key("a:{id}")] struct Key { id: u64 }),
        errors!(cache_key #[cache_key("a:<id>")] struct Key { id: u64, tenant: u64 }),
        errors!(cache_key #[cache_key("a:<id>")] struct Key { #[cache_key(skip)] id: u64 }),
        errors!(cache_key #[cache_key("a:<id>")] struct Key { #[cache_key(skpi)] id: u64 }),
        errors!(cache_key #[cache_key("a:<id>", value)] struct Key { id: u64 }),
        errors!(cache_key #[cache_key("a:<id>", value = 5)] struct Key { id: u64 }),
        errors!(cache_key #[cache_key("a:<id>", value = User)] struct Key { id: u64, name: String }),
        errors!(cache_key #[cache_key("a:<id>", value = Vec<Self>)] struct Key { id: u64, name: String }),
        errors!(cache_key #[cache_key("a:<idd>", value = Self)] struct Key { id: u64, name: String }),
        errors!(cache_key #[cache_key("a")] enum Key { A }),
        errors!(cache_key #[cache_key("a")] union Key { a: u8 }),
        errors!(cache_value union U { a: u8 }),
        errors!(cache_value #[cache_value("user")] struct User { id: u64 }),
        errors!(cache_value #[cache_value(creat = x)] struct User { id: u64 }),
        errors!(cache_value struct User { #[cache_value(by_name = true)] id: u64 }),
        errors!(cache_value struct User { #[cache_value(skip)] id: u64 }),
        errors!(cache_value struct User { #[cache_value("id")] id: u64 }),
        errors!(key_part struct Pair(u8, u8);),
        errors!(key_part struct Unit;),
        errors!(key_part enum E { A, B(u8) }),
        errors!(key_part union U { a: u8 }),
        errors!(key_part #[key_part(creat = x)] struct A(u8);),
    ];
    for found in found {
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}
