//! What is asked of the type of value that a function stores: its fingerprint, and whether it goes under a key.

use std::marker::PhantomData;

use crate::{
    codec::Same,
    key::{AcceptsValue, CacheKey, KeyWriter},
    return_shape::{Rows, Shape},
    value::{CacheValue, refuse_unnamed},
    write_behind::WriteBehind,
};

/// Ties the key of a function to what the function stores. The key is written before the body is there to be asked
/// what it returns, and may be made of what the body takes away: so the one comes before and the other after.
#[derive(Debug)]
pub struct Link<S>(PhantomData<fn() -> S>);

impl<S: Shape> Link<S> {
    /// Of a shape that the compiler learns from [`to`](Link::to).
    #[allow(clippy::new_without_default, reason = "only expansions make one")]
    pub fn new() -> Self {
        Link(PhantomData)
    }

    /// Writes a key. Only compiles for one that may have under it what the function stores.
    pub fn key<K>(&self, out: &mut KeyWriter<'_>, key: &K)
    where
        K: CacheKey + ?Sized,
        K::Value: AcceptsValue<K, S::Value>,
    {
        out.key(key);
    }

    /// What the function stores.
    pub fn to(&self, _: &S) {}
}

/// Only compiles for values that have a fingerprint, and can be read without the names of their fields.
pub fn require_fingerprint<V: CacheValue>(_: &ValueProbe<V>) {
    const { refuse_unnamed(V::FINGERPRINT) }
}

/// The fingerprint of what a function stores, or zero:
/// `(&ValueProbe::of(&__shape)).__cache_fingerprint()`.
#[derive(Debug)]
pub struct ValueProbe<V>(pub(super) PhantomData<fn() -> V>);

impl<V> ValueProbe<V> {
    /// A probe of what a function of this shape stores.
    pub fn of<S: Shape<Value = V>>(_: &S) -> Self {
        ValueProbe(PhantomData)
    }

    /// A probe of what a batch over ids of type `K` stores for one of them.
    pub fn of_rows<K, R: Rows<K, Value = V>>(_: &R, _: &[K]) -> Self {
        ValueProbe(PhantomData)
    }

    /// A probe of what a queue is of.
    pub fn of_queue(_: &WriteBehind<V>) -> Self {
        ValueProbe(PhantomData)
    }

    /// A probe of a value.
    pub fn of_value(_: &V) -> Self {
        ValueProbe(PhantomData)
    }
}

/// See [`ValueProbe`]: a value that has a fingerprint.
pub trait Fingerprint1 {
    /// The fingerprint.
    fn __cache_fingerprint(&self) -> u64;
}

impl<V: CacheValue> Fingerprint1 for ValueProbe<V> {
    fn __cache_fingerprint(&self) -> u64 {
        V::FINGERPRINT
    }
}

/// See [`ValueProbe`]: any other, which a method call finds by one reference more.
pub trait Fingerprint0 {
    /// Zero.
    fn __cache_fingerprint(&self) -> u64;
}

impl<V> Fingerprint0 for &ValueProbe<V> {
    fn __cache_fingerprint(&self) -> u64 {
        0
    }
}

/// Whether two values of a function are the same, as its attribute says.
pub fn same<V>(_: &ValueProbe<V>, same: fn(&V, &V) -> bool) -> Same<V> {
    Some(same)
}

/// See [`ValueProbe`]: a value that can be compared.
pub trait Same1<V> {
    /// How.
    fn __cache_same(&self) -> Same<V>;
}

impl<V: PartialEq> Same1<V> for ValueProbe<V> {
    fn __cache_same(&self) -> Same<V> {
        Some(V::eq)
    }
}

/// See [`ValueProbe`]: any other, which a method call finds by one reference more.
pub trait Same0<V> {
    /// Not at all.
    fn __cache_same(&self) -> Same<V>;
}

impl<V> Same0<V> for &ValueProbe<V> {
    fn __cache_same(&self) -> Same<V> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::return_shape::{Alone, Cloned, Fallible, FallibleOptional, Optional, Plain};

    struct Known;

    impl CacheValue for Known {
        const FINGERPRINT: u64 = 7;
    }

    struct Unknown;

    /// As an expansion does.
    macro_rules! fingerprint {
        ($shape:ty) => {
            (&ValueProbe::of(&<$shape>::new())).__cache_fingerprint()
        };
    }

    #[test]
    fn a_value_has_the_fingerprint_of_its_type_through_every_shape() {
        assert_eq!(fingerprint!(Plain<Known>), 7);
        assert_eq!(fingerprint!(Plain<Arc<Known>>), 7);
        assert_eq!(fingerprint!(Optional<Known>), 7);
        assert_eq!(fingerprint!(Fallible<Known, (), Alone>), 7);
        assert_eq!(fingerprint!(FallibleOptional<Known, (), Cloned>), 7);
    }

    #[test]
    fn a_value_without_one_has_none() {
        assert_eq!(fingerprint!(Plain<Unknown>), 0);
        assert_eq!(fingerprint!(FallibleOptional<Vec<Unknown>, (), Alone>), 0);
    }

    #[test]
    fn a_type_parameter_has_one_where_its_bounds_say_so() {
        fn bounded<T: CacheValue>() -> u64 {
            fingerprint!(Optional<T>)
        }
        fn unbounded<T>() -> u64 {
            fingerprint!(Optional<T>)
        }
        assert_eq!(bounded::<Known>(), 7);
        assert_eq!(unbounded::<Known>(), 0);
    }
}
