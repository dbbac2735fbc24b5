//! Snapshots of the derives.

use expect_test::expect_file;
use quote::quote;

use crate::snapshot::{check, messages};

macro_rules! snapshots {
    ($derive:ident as $name:ident: $($case:ident { $($item:tt)* })*) => {$(
        #[test]
        fn $case() {
            let item = quote! { $($item)* };
            let written = quote!(#[derive($name)] #item);
            let file = concat!("../snapshots/", stringify!($derive), "/", stringify!($case), ".rs");
            check(&expect_file![file], None, written, super::$derive::derive(item));
        }
    )*};
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
    unit {
        #[cache_key("config")]
        struct ConfigKey;
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
        errors!(cache_key #[cache_key("a")] enum Key { A }),
        errors!(cache_key #[cache_key("a")] union Key { a: u8 }),
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
