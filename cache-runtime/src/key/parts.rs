//! [`KeyPart`] for the types of the standard library and of well-known crates.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
    NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize,
};

use super::{KeyPart, KeyWriter};

/// Digits and the minus sign are unreserved.
macro_rules! integers {
    ($($int:ty)*) => {$(
        impl KeyPart for $int {
            fn write_part(&self, out: &mut KeyWriter<'_>) {
                out.raw(itoa::Buffer::new().format(*self));
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

macro_rules! nonzero_integers {
    ($($int:ty)*) => {$(
        impl KeyPart for $int {
            fn write_part(&self, out: &mut KeyWriter<'_>) {
                self.get().write_part(out);
            }
        }
    )*};
}

nonzero_integers!(NonZeroU8 NonZeroU16 NonZeroU32 NonZeroU64 NonZeroU128 NonZeroUsize);
nonzero_integers!(NonZeroI8 NonZeroI16 NonZeroI32 NonZeroI64 NonZeroI128 NonZeroIsize);

impl KeyPart for bool {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.raw(if *self { "true" } else { "false" });
    }
}

impl KeyPart for char {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.text(self.encode_utf8(&mut [0; 4]));
    }
}

impl KeyPart for str {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.text(self);
    }
}

impl KeyPart for String {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.text(self);
    }
}

/// Types whose `Display` is one to one. Its output is encoded like any text.
macro_rules! displayed {
    ($($(#[$meta:meta])* $ty:ty)*) => {$(
        $(#[$meta])*
        impl KeyPart for $ty {
            fn write_part(&self, out: &mut KeyWriter<'_>) {
                out.text(&self.to_string());
            }
        }
    )*};
}

displayed! {
    IpAddr Ipv4Addr Ipv6Addr
    #[cfg(feature = "uuid")] uuid::Uuid
    #[cfg(feature = "chrono")] chrono::NaiveDate
    #[cfg(feature = "chrono")] chrono::NaiveTime
    #[cfg(feature = "chrono")] chrono::NaiveDateTime
    #[cfg(feature = "time")] time::Date
    #[cfg(feature = "time")] time::Time
    #[cfg(feature = "time")] time::PrimitiveDateTime
}

/// An instant is rendered as its UTC time: the same instant in two time zones is the same key.
#[cfg(feature = "chrono")]
impl<Tz: chrono::TimeZone> KeyPart for chrono::DateTime<Tz> {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.text(&self.naive_utc().to_string());
    }
}

/// An instant is rendered as its UTC time: the same instant in two time zones is the same key.
#[cfg(feature = "time")]
impl KeyPart for time::OffsetDateTime {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        self.unix_timestamp_nanos().write_part(out);
    }
}

/// `None` is `!`. `Some` is its content, with one more `!` in front if the content begins with one, so that `None`
/// and `Some(None)` differ.
impl<T: KeyPart> KeyPart for Option<T> {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        let Some(part) = self else { return out.raw("!") };
        let start = out.buffer.len();
        out.part(part);
        if out.buffer[start..].starts_with('!') {
            out.buffer.insert(start, '!');
        }
    }
}

/// A list is `(1,2,3)`. No element is empty, so `()` can only be the empty list.
impl<T: KeyPart> KeyPart for [T] {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.raw("(");
        for (at, part) in self.iter().enumerate() {
            if at > 0 {
                out.raw(",");
            }
            out.part(part);
        }
        out.raw(")");
    }
}

impl<T: KeyPart> KeyPart for Vec<T> {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        self.as_slice().write_part(out);
    }
}

impl<T: KeyPart, const N: usize> KeyPart for [T; N] {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        self.as_slice().write_part(out);
    }
}

impl KeyPart for () {
    fn write_part(&self, out: &mut KeyWriter<'_>) {
        out.raw("()");
    }
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*;)*) => {$(
        impl<$first: KeyPart, $($rest: KeyPart),*> KeyPart for ($first, $($rest,)*) {
            #[allow(non_snake_case, reason = "a variable for each type parameter")]
            fn write_part(&self, out: &mut KeyWriter<'_>) {
                let ($first, $($rest,)*) = self;
                out.raw("(");
                out.part($first);
                $(
                    out.raw(",");
                    out.part($rest);
                )*
                out.raw(")");
            }
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
}
