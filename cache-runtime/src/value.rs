//! Fingerprints: a number for the layout of a value's type, so that an entry of another layout is known for what
//! it is before it is read.

mod foreign;

use std::marker::PhantomData;

/// A value whose type is known by a number that changes with its layout.
///
/// An entry carries the fingerprint of the type that it was written for, and a reader of another one leaves it
/// alone. Without a fingerprint, an entry from before a deployment is read for as long as the codec finds what it
/// looks for: a field whose meaning has changed and whose name has not would be taken for the new one.
///
/// Derive it. The derived number is made, when the program is built, of the kind of the type, the names and types of its fields in their
/// order, its variants, and those of its `#[serde(...)]` attributes that change the layout. The fingerprint of a field's
/// type goes into it, so that a struct changes with what it holds.
///
/// ```
/// use cache_runtime::{CacheValue, Policy};
///
/// #[derive(CacheValue, serde::Serialize, serde::Deserialize)]
/// struct User { id: u64, name: String }
///
/// const USERS: Policy = Policy::ttl(3600).value::<User>();
///
/// // These are stored as a `User` is, and are read as one.
/// assert_eq!(User::FINGERPRINT, Option::<User>::FINGERPRINT);
/// assert_eq!(User::FINGERPRINT, std::sync::Arc::<User>::FINGERPRINT);
/// assert_ne!(User::FINGERPRINT, Vec::<User>::FINGERPRINT);
/// ```
///
/// By hand it is any number but zero: a new one for every change of what is written. The highest bit says that it can
/// only be read by the names of its fields, which [`Codec::Postcard`](crate::Codec::Postcard) does not write; the derive
/// sets it where serde may leave a field out.
///
/// ```
/// # use cache_runtime::CacheValue;
/// struct Blob(Vec<u8>);
///
/// impl CacheValue for Blob {
///     const FINGERPRINT: u64 = 2;
/// }
/// ```
///
/// Implemented for the types of the standard library that serde knows; with the features `uuid`, `chrono` and `time`
/// for the types of these crates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no fingerprint: derive `CacheValue` for it",
    label = "this type has no `CacheValue`",
    note = "write `#[derive(CacheValue)]` above it; for a type of another crate, wrap it in one of your own, or write `impl CacheValue` for that by hand",
    note = "`Codec::Postcard` writes no names of fields: only a fingerprint keeps an entry of an older layout from being read as one of today's"
)]
pub trait CacheValue {
    /// The number; never zero.
    const FINGERPRINT: u64;

    /// As a part of another type, where an `Option` is something else than what it holds.
    #[doc(hidden)]
    const LAYOUT: u64 = Self::FINGERPRINT;
}

/// The bit of a fingerprint that says that what is written can only be read by the names of the fields.
const NAMED: u64 = 1 << 63;

/// Whether a value of this fingerprint can only be read by the names of its fields.
pub(crate) const fn needs_names(fingerprint: u64) -> bool {
    fingerprint & NAMED != 0
}

/// Panics for such a value where a codec writes no names; in a constant that is a compile error, where it is called.
#[track_caller]
pub(crate) const fn refuse_unnamed(fingerprint: u64) {
    assert!(!needs_names(fingerprint), "{}", NEEDS_NAMES);
}

/// What there is to say where a codec writes no names.
pub(crate) const NEEDS_NAMES: &str = "`Codec::Postcard` writes no names of fields, and the value's type needs them: \
    serde may leave a field of it out (`skip_serializing_if`), or has to look ahead (`flatten`, `tag`, `untagged`); \
    use another codec";

/// A fingerprint in the making: 64-bit FNV-1a (Fowler, Noll and Vo; <http://www.isthe.com/chongo/tech/comp/fnv/>),
/// but for one bit.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    hash: u64,
    named: bool,
}

impl Fingerprint {
    /// Begins with text that says what the type is made of.
    pub const fn of(text: &str) -> Fingerprint {
        Fingerprint { hash: 0xcbf2_9ce4_8422_2325, named: false }.bytes(text.as_bytes())
    }

    /// Adds what a part of the type is made of.
    pub const fn with(self, layout: u64) -> Fingerprint {
        let named = self.named || needs_names(layout);
        Fingerprint { named, ..self.bytes(&layout.to_le_bytes()) }
    }

    /// Says that what is written can only be read by the names of the fields: one may be missing.
    pub const fn named(self) -> Fingerprint {
        Fingerprint { named: true, ..self }
    }

    const fn bytes(self, bytes: &[u8]) -> Fingerprint {
        let mut hash = self.hash;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        Fingerprint { hash, ..self }
    }

    /// The fingerprint: zero is for types that have none.
    pub const fn get(self) -> u64 {
        match self.hash & !NAMED | if self.named { NAMED } else { 0 } {
            0 => 1,
            fingerprint => fingerprint,
        }
    }
}

/// The layout of a type that may or may not be a [`CacheValue`]: `<LayoutOf<T>>::LAYOUT`, with [`Opaque`] in scope.
///
/// An associated constant of the type itself hides one of a trait, and this one is there for a `CacheValue` only.
#[derive(Debug)]
pub struct LayoutOf<T: ?Sized>(PhantomData<T>);

impl<T: CacheValue + ?Sized> LayoutOf<T> {
    /// What the type says.
    pub const LAYOUT: u64 = T::LAYOUT;
}

/// See [`LayoutOf`].
pub trait Opaque {
    /// Nothing is known of the type but its name.
    const LAYOUT: u64 = 0;
}

impl<T: ?Sized> Opaque for LayoutOf<T> {}

#[cfg(test)]
mod tests;
