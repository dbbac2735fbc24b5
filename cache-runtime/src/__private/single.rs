//! Refuses a list in a key of a writer, where it would be one key for all of its elements. Expansions import all of it.

use std::{borrow::Cow, rc::Rc, sync::Arc};

/// What fills a placeholder: whether it is a list, by the order in which method calls consider references.
#[derive(Debug)]
pub struct Single<'a, T: ?Sized>(pub &'a T);

/// Implemented for nothing: it is the error of [`Single1`].
#[diagnostic::on_unimplemented(
    message = "a list in a placeholder is one key for all of its elements, which no reader of one of them has",
    label = "a list: `{Self}`",
    note = "take the list as a parameter and add `each = ids`, with which `<ids>` in the key stands for one element; or fence the keys in the body, with `cache.fence(...)`"
)]
pub trait OneKey {}

/// A list.
pub trait List {}

/// A list of bytes, which is one value, such as a digest.
pub trait Bytes {}

impl<T> List for [T] {}
impl<T> List for Vec<T> {}
impl<T, const N: usize> List for [T; N] {}
impl<T: List> List for Option<T> {}
impl<T: List + ToOwned + ?Sized> List for Cow<'_, T> {}

impl Bytes for [u8] {}
impl Bytes for Vec<u8> {}
impl<const N: usize> Bytes for [u8; N] {}
impl<T: Bytes> Bytes for Option<T> {}
impl<T: Bytes + ToOwned + ?Sized> Bytes for Cow<'_, T> {}

macro_rules! through_pointers {
    ($($pointer:ty),*) => {$(
        impl<T: List + ?Sized> List for $pointer {}
        impl<T: Bytes + ?Sized> Bytes for $pointer {}
    )*};
}

through_pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

/// See [`Single`]: bytes.
pub trait Single2 {
    /// Nothing is wrong.
    fn __cache_single(&self) {}
}

impl<T: Bytes + ?Sized> Single2 for &&Single<'_, T> {}

/// See [`Single`]: a list.
pub trait Single1 {
    /// The list.
    type List: ?Sized;

    /// Does not compile, and says why.
    fn __cache_single(&self)
    where
        Self::List: OneKey,
    {
    }
}

impl<T: List + ?Sized> Single1 for &Single<'_, T> {
    type List = T;
}

/// See [`Single`]: anything else.
pub trait Single0 {
    /// Nothing is wrong.
    fn __cache_single(&self) {}
}

impl<T: ?Sized> Single0 for Single<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test is that this compiles. The UI tests have what does not.
    #[test]
    #[allow(clippy::needless_borrow, reason = "as expansions write it, for any type")]
    fn what_is_no_list_may_fill_a_placeholder() {
        fn generic<T>(value: T) {
            (&&&Single(&value)).__cache_single();
        }
        (&&&Single(&7)).__cache_single();
        (&&&Single("text")).__cache_single();
        (&&&Single(&(1, "a"))).__cache_single();
        (&&&Single(&vec![1_u8])).__cache_single();
        (&&&Single(&Some(Arc::new([1_u8; 32])))).__cache_single();
        generic(vec![1]);
    }
}
