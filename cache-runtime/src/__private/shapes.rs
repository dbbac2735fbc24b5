//! What shape of value a function returns, found out by the order in which method calls consider references.

use std::{future::Future, marker::PhantomData};

use crate::return_shape::{Alone, Cloned, Fallible, FallibleOptional, Optional, Plain, Shape};

/// Only compiles for a function that can return `None`.
pub fn require_option<S>(_: &S)
where
    S: Shape,
    S::Output: CanBeNone,
{
}

/// What a function with a `negative_ttl` returns.
#[diagnostic::on_unimplemented(
    message = "`negative_ttl` needs a function that returns `Option<_>` or `Result<Option<_>, _>`",
    label = "`{Self}` is never `None`",
    note = "remove `negative_ttl`: there is no `None` to remember"
)]
pub trait CanBeNone {}

impl<T> CanBeNone for Option<T> {}
impl<T, E> CanBeNone for Result<Option<T>, E> {}

/// Finds out what a future returns, by the order in which method calls consider references.
#[derive(Debug)]
pub struct Probe<O>(PhantomData<fn() -> O>);

impl<O> Probe<O> {
    /// A probe of what `future` returns.
    pub fn of<F: Future<Output = O>>(_: &F) -> Self {
        Probe(PhantomData)
    }

    /// A probe of what the future returns that `load` makes.
    pub fn of_load<L, F>(_: &L) -> Self
    where
        L: FnOnce() -> F,
        F: Future<Output = O>,
    {
        Probe(PhantomData)
    }
}

/// The traits by which [`Probe`] dispatches: one for each shape, the most specific with the most
/// references, since a method call on many references tries the implementation on many first. The method
/// has a name that no trait of the user's has.
macro_rules! shapes {
    ($($trait:ident: $shape:ty, impl [$($generics:tt)*] for $probe:ty;)*) => {$(
        /// See [`Probe`].
        pub trait $trait {
            /// The marker.
            type Shape;
            /// The shape of what the future returns.
            fn __cache_shape(&self) -> Self::Shape;
        }

        impl<$($generics)*> $trait for $probe {
            type Shape = $shape;
            fn __cache_shape(&self) -> $shape {
                <$shape>::new()
            }
        }
    )*};
}

shapes! {
    Shape5: FallibleOptional<T, E, Cloned>,
        impl [T, E: Clone + Send + Sync + 'static] for &&&&&Probe<Result<Option<T>, E>>;
    Shape4: FallibleOptional<T, E, Alone>, impl [T, E] for &&&&Probe<Result<Option<T>, E>>;
    Shape3: Fallible<T, E, Cloned>,
        impl [T, E: Clone + Send + Sync + 'static] for &&&Probe<Result<T, E>>;
    Shape2: Fallible<T, E, Alone>, impl [T, E] for &&Probe<Result<T, E>>;
    Shape1: Optional<T>, impl [T] for &Probe<Option<T>>;
    Shape0: Plain<T>, impl [T] for Probe<T>;
}
