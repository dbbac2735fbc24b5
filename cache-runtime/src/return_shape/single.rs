//! Return types of single functions, split into a value to store and an error to pass on: `T`, `Option<T>`,
//! `Result<T, E>` or `Result<Option<T>, E>`.

use std::{marker::PhantomData, sync::Arc};

use crate::flight::SharedError;

/// How to split an output into a value to store, and how to join a stored value to an output.
pub trait Shape {
    /// The return type of the function.
    type Output;
    /// The type that is stored.
    type Stored;
    /// The type that closures over the value get.
    type Value;

    /// The value to store, or an output without one.
    fn split(output: Self::Output) -> Result<Self::Stored, Self::Output>;
    /// The output with a stored value.
    fn join(stored: Self::Stored) -> Self::Output;
    /// The value in a stored one; `None` for a stored `None`.
    fn value(stored: &Self::Stored) -> Option<&Self::Value>;
    /// The error of an output, to share with followers.
    fn share(_failed: &Self::Output) -> Option<SharedError> {
        None
    }
    /// An output from a shared error, unless the error has another type.
    fn unshare(_error: &SharedError) -> Option<Self::Output> {
        None
    }
}

/// Names types without containing them, so that a marker is always `Send`.
type Marker<T> = PhantomData<fn() -> T>;

/// `T`: always a value.
#[derive(Debug)]
pub struct Plain<T>(Marker<T>);

/// `Option<T>`.
#[derive(Debug)]
pub struct Optional<T>(Marker<T>);

/// `Result<T, E>`.
#[derive(Debug)]
pub struct Fallible<T, E, M = Alone>(Marker<(T, E, M)>);

/// `Result<Option<T>, E>`.
#[derive(Debug)]
pub struct FallibleOptional<T, E, M = Alone>(Marker<(T, E, M)>);

/// The marker of errors that cannot be cloned: each caller needs an error of its own.
#[derive(Debug)]
pub struct Alone;

/// The marker of errors that can be cloned for followers.
#[derive(Debug)]
pub struct Cloned;

/// How errors reach followers.
pub trait ErrorSharing<E> {
    /// The error, to share with followers.
    fn share(error: &E) -> Option<SharedError>;
    /// An error from a shared one.
    fn unshare(error: &SharedError) -> Option<E>;
}

impl<E> ErrorSharing<E> for Alone {
    fn share(_: &E) -> Option<SharedError> {
        None
    }

    fn unshare(_: &SharedError) -> Option<E> {
        None
    }
}

impl<E: Clone + Send + Sync + 'static> ErrorSharing<E> for Cloned {
    fn share(error: &E) -> Option<SharedError> {
        Some(Arc::new(error.clone()))
    }

    fn unshare(error: &SharedError) -> Option<E> {
        error.downcast_ref::<E>().cloned()
    }
}

impl<T> Shape for Plain<T> {
    type Output = T;
    type Stored = T;
    type Value = T;

    fn split(output: T) -> Result<T, T> {
        Ok(output)
    }

    fn join(stored: T) -> T {
        stored
    }

    fn value(stored: &T) -> Option<&T> {
        Some(stored)
    }
}

impl<T> Shape for Optional<T> {
    type Output = Option<T>;
    type Stored = Option<T>;
    type Value = T;

    fn split(output: Option<T>) -> Result<Option<T>, Option<T>> {
        Ok(output)
    }

    fn join(stored: Option<T>) -> Option<T> {
        stored
    }

    fn value(stored: &Option<T>) -> Option<&T> {
        stored.as_ref()
    }
}

/// What the two fallible shapes have in common.
macro_rules! fallible {
    ($stored:ty) => {
        type Output = Result<$stored, E>;
        type Stored = $stored;
        type Value = T;

        fn split(output: Self::Output) -> Result<$stored, Self::Output> {
            output.map_err(Err)
        }

        fn join(stored: $stored) -> Self::Output {
            Ok(stored)
        }

        fn share(failed: &Self::Output) -> Option<SharedError> {
            failed.as_ref().err().and_then(M::share)
        }

        fn unshare(error: &SharedError) -> Option<Self::Output> {
            M::unshare(error).map(Err)
        }
    };
}

impl<T, E, M: ErrorSharing<E>> Shape for Fallible<T, E, M> {
    fallible!(T);

    fn value(stored: &T) -> Option<&T> {
        Some(stored)
    }
}

impl<T, E, M: ErrorSharing<E>> Shape for FallibleOptional<T, E, M> {
    fallible!(Option<T>);

    fn value(stored: &Option<T>) -> Option<&T> {
        stored.as_ref()
    }
}

/// What the loader of [`Cache::get_or_load`](crate::Cache::get_or_load) may return: a `Result` or an
/// `Option`. An infallible loader returns `Ok::<_, std::convert::Infallible>(value)`.
#[diagnostic::on_unimplemented(
    message = "the loader returns `{Self}`, which is neither a `Result` nor an `Option`",
    note = "wrap the value: `Ok::<_, std::convert::Infallible>(value)`"
)]
pub trait Loaded: Sized {
    /// How it is split.
    type Shape: Shape<Output = Self>;
}

impl<T, E> Loaded for Result<T, E> {
    type Shape = Fallible<T, E>;
}

impl<T> Loaded for Option<T> {
    type Shape = Optional<T>;
}

macro_rules! markers {
    ($($shape:ident<$($parameter:ident),*>)*) => {$(
        impl<$($parameter),*> $shape<$($parameter),*> {
            /// The marker.
            pub fn new() -> Self {
                $shape(PhantomData)
            }
        }

        impl<$($parameter),*> Default for $shape<$($parameter),*> {
            fn default() -> Self {
                Self::new()
            }
        }
    )*};
}

markers!(Plain<T> Optional<T> Fallible<T, E, M> FallibleOptional<T, E, M>);
