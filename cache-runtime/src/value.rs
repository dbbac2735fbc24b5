//! Fingerprints: a number for the layout of a value's type, so that an entry of another layout is recognized before it
//! is decoded.

mod foreign;

use std::marker::PhantomData;

/// A value whose type has a fingerprint: a number that changes with the layout of the type.
///
/// An entry carries the fingerprint of its value's type, and a reader with another fingerprint does not use it. Without
/// a fingerprint, an entry from before a deployment is read as long as the codec can decode it: a field that has kept
/// its name but changed its meaning would be misread.
///
/// Derive it. The derived number is computed at compile time from the kind of the type, the names and types of its
/// fields in their order, its variants, and those `#[serde(...)]` attributes that change the layout. It includes the
/// fingerprints of the fields' types, so that it changes when they do.
///
/// ```
/// use cache_runtime::{CacheValue, Policy};
///
/// #[derive(CacheValue, serde::Serialize, serde::Deserialize)]
/// struct User { id: u64, name: String }
///
/// const USERS: Policy = Policy::ttl(3600).value::<User>();
///
/// // These are stored in the same way as a `User`.
/// assert_eq!(User::FINGERPRINT, Option::<User>::FINGERPRINT);
/// assert_eq!(User::FINGERPRINT, std::sync::Arc::<User>::FINGERPRINT);
/// assert_ne!(User::FINGERPRINT, Vec::<User>::FINGERPRINT);
/// ```
///
/// In an implementation by hand, use any number but zero, and a new one for every change of the layout. The highest bit
/// says that the value can only be decoded with field names, which [`Codec::Postcard`](crate::Codec::Postcard) does not
/// write. The derive sets it where serde may leave out a field. The second highest is the cache's own: leave it unset.
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
    /// The fingerprint. It must not be zero.
    const FINGERPRINT: u64;

    /// The fingerprint as a part of another type, where an `Option` differs from its content.
    #[doc(hidden)]
    const LAYOUT: u64 = Self::FINGERPRINT;
}

/// The bit of a fingerprint that says that the value can only be decoded with field names.
const NAMED: u64 = 1 << 63;

/// Whether a value with this fingerprint can only be decoded with field names.
pub(crate) const fn needs_names(fingerprint: u64) -> bool {
    fingerprint & NAMED != 0
}

/// Panics for a value that needs field names, because the codec writes none. In a constant this is a compile error at
/// the caller.
#[track_caller]
pub(crate) const fn refuse_unnamed(fingerprint: u64) {
    assert!(!needs_names(fingerprint), "{}", NEEDS_NAMES);
}

/// The bit of a fingerprint that tells a value from those of other types under the same key.
const APART: u64 = 1 << 62;

/// The fingerprint of a type that shares a key with other types: by its name, and by its layout as far as that is known.
pub(crate) fn apart(name: &str, fingerprint: u64) -> u64 {
    let hash = Fingerprint::of(name).with(fingerprint).get();
    hash & !NAMED | APART | fingerprint & NAMED
}

/// Whether a fingerprint tells its value from those of other types, of whatever layout.
pub(crate) const fn is_apart(fingerprint: u64) -> bool {
    fingerprint & APART != 0
}

/// The error of a codec without field names.
pub(crate) const NEEDS_NAMES: &str = "`Codec::Postcard` writes no names of fields, and the value's type needs them: \
    serde may leave a field of it out (`skip_serializing_if`), or has to look ahead (`flatten`, `tag`, `untagged`); \
    use another codec";

/// A builder of fingerprints: 64-bit FNV-1a (Fowler, Noll and Vo; <http://www.isthe.com/chongo/tech/comp/fnv/>), except
/// for one bit.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    hash: u64,
    named: bool,
}

impl Fingerprint {
    /// Starts with text that describes the type.
    pub const fn of(text: &str) -> Fingerprint {
        Fingerprint { hash: 0xcbf2_9ce4_8422_2325, named: false }.bytes(text.as_bytes())
    }

    /// Adds the layout of a part of the type.
    pub const fn with(self, layout: u64) -> Fingerprint {
        let named = self.named || needs_names(layout);
        Fingerprint { named, ..self.bytes(&layout.to_le_bytes()) }
    }

    /// Notes that the value can only be decoded with field names, because a field may be missing.
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

    /// The fingerprint. It is never zero, which means that a type has none.
    pub const fn get(self) -> u64 {
        match self.hash & !(NAMED | APART) | if self.named { NAMED } else { 0 } {
            0 => 1,
            fingerprint => fingerprint,
        }
    }
}

/// The layout of a type that may or may not be a [`CacheValue`]: `<LayoutOf<T>>::LAYOUT`, with [`Opaque`] in scope.
///
/// An inherent associated constant takes precedence over one of a trait, and the inherent one exists for a `CacheValue`
/// only.
#[derive(Debug)]
pub struct LayoutOf<T: ?Sized>(PhantomData<T>);

impl<T: CacheValue + ?Sized> LayoutOf<T> {
    /// The layout of the type.
    pub const LAYOUT: u64 = T::LAYOUT;
}

/// See [`LayoutOf`].
pub trait Opaque {
    /// The layout of a type that is not a [`CacheValue`]: unknown.
    const LAYOUT: u64 = 0;
}

impl<T: ?Sized> Opaque for LayoutOf<T> {}

#[cfg(test)]
mod tests;
