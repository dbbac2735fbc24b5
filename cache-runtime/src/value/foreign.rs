//! [`CacheValue`] for the types of the standard library and of well-known crates.
//!
//! The attributes keep these implementations out of the compiler's message about a type that has none.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    num::{
        NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
        NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize, Wrapping,
    },
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{CacheValue, Fingerprint};

/// Types without parts. Types that are encoded alike share a name.
macro_rules! plain {
    ($($name:literal: $($(#[$meta:meta])* $ty:ty),+;)*) => {$($(
        $(#[$meta])*
        #[diagnostic::do_not_recommend]
        impl CacheValue for $ty {
            const FINGERPRINT: u64 = Fingerprint::of($name).get();
        }
    )+)*};
}

plain! {
    "bool": bool;
    "char": char;
    "u8": u8, NonZeroU8;
    "u16": u16, NonZeroU16;
    "u32": u32, NonZeroU32;
    "u64": u64, NonZeroU64;
    "u128": u128, NonZeroU128;
    "usize": usize, NonZeroUsize;
    "i8": i8, NonZeroI8;
    "i16": i16, NonZeroI16;
    "i32": i32, NonZeroI32;
    "i64": i64, NonZeroI64;
    "i128": i128, NonZeroI128;
    "isize": isize, NonZeroIsize;
    "f32": f32;
    "f64": f64;
    "str": str, String;
    "Path": Path, PathBuf;
    "()": ();
    "Duration": Duration;
    "SystemTime": SystemTime;
    "Ipv4Addr": Ipv4Addr;
    "Ipv6Addr": Ipv6Addr;
    "IpAddr": IpAddr;
    "SocketAddrV4": SocketAddrV4;
    "SocketAddrV6": SocketAddrV6;
    "SocketAddr": SocketAddr;
    "Uuid": #[cfg(feature = "uuid")] uuid::Uuid;
    "chrono::NaiveDate": #[cfg(feature = "chrono")] chrono::NaiveDate;
    "chrono::NaiveTime": #[cfg(feature = "chrono")] chrono::NaiveTime;
    "chrono::NaiveDateTime": #[cfg(feature = "chrono")] chrono::NaiveDateTime;
    "time::Date": #[cfg(feature = "time")] time::Date;
    "time::Time": #[cfg(feature = "time")] time::Time;
    "time::PrimitiveDateTime": #[cfg(feature = "time")] time::PrimitiveDateTime;
    "time::OffsetDateTime": #[cfg(feature = "time")] time::OffsetDateTime;
}

#[cfg(feature = "chrono")]
#[diagnostic::do_not_recommend]
impl<Tz: chrono::TimeZone> CacheValue for chrono::DateTime<Tz> {
    const FINGERPRINT: u64 = Fingerprint::of("chrono::DateTime").get();
}

/// Types that are encoded as their content.
macro_rules! transparent {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: CacheValue + ?Sized> CacheValue for $ty {
            const FINGERPRINT: u64 = T::FINGERPRINT;
            const LAYOUT: u64 = T::LAYOUT;
        }
    )*};
}

transparent!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

#[diagnostic::do_not_recommend]
impl<T: CacheValue + ToOwned + ?Sized> CacheValue for Cow<'_, T> {
    const FINGERPRINT: u64 = T::FINGERPRINT;
    const LAYOUT: u64 = T::LAYOUT;
}

/// A whole value that is an `Option` is stored as its content, and a `None` is only a flag. Within another type it is an
/// `Option`.
#[diagnostic::do_not_recommend]
impl<T: CacheValue> CacheValue for Option<T> {
    const FINGERPRINT: u64 = T::FINGERPRINT;
    const LAYOUT: u64 = Fingerprint::of("Option").with(T::LAYOUT).get();
}

#[diagnostic::do_not_recommend]
impl<T: CacheValue, E: CacheValue> CacheValue for Result<T, E> {
    const FINGERPRINT: u64 = Fingerprint::of("Result").with(T::LAYOUT).with(E::LAYOUT).get();
}

/// Types with parameters. Their fingerprint combines the layouts of the parameters.
macro_rules! generic {
    ($($name:literal: $ty:ty, [$($generics:tt)*] $($part:ident)+;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*> CacheValue for $ty {
            const FINGERPRINT: u64 = Fingerprint::of($name)$(.with($part::LAYOUT))+.get();
        }
    )*};
}

generic! {
    "seq": [T], [T: CacheValue] T;
    "seq": Vec<T>, [T: CacheValue] T;
    "seq": VecDeque<T>, [T: CacheValue] T;
    "seq": LinkedList<T>, [T: CacheValue] T;
    "seq": BTreeSet<T>, [T: CacheValue] T;
    "seq": BinaryHeap<T>, [T: CacheValue] T;
    "seq": HashSet<T, S>, [T: CacheValue, S] T;
    "map": BTreeMap<K, V>, [K: CacheValue, V: CacheValue] K V;
    "map": HashMap<K, V, S>, [K: CacheValue, V: CacheValue, S] K V;
    "newtype": Reverse<T>, [T: CacheValue] T;
    "newtype": Wrapping<T>, [T: CacheValue] T;
}

#[diagnostic::do_not_recommend]
impl<T: CacheValue, const N: usize> CacheValue for [T; N] {
    const FINGERPRINT: u64 = Fingerprint::of("array").with(N as u64).with(T::LAYOUT).get();
}

/// It is encoded as nothing.
#[diagnostic::do_not_recommend]
impl<T: ?Sized> CacheValue for PhantomData<T> {
    const FINGERPRINT: u64 = Fingerprint::of("()").get();
}

macro_rules! tuples {
    ($($($part:ident)+;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($part: CacheValue),+> CacheValue for ($($part,)+) {
            const FINGERPRINT: u64 = Fingerprint::of("tuple")$(.with($part::LAYOUT))+.get();
        }
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}
