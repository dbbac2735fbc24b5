//! What a local copy keeps of a stored value, and how that is handed out: the value without the `Option` around it, so that
//! functions that can be without a value, functions that cannot, and batches share what they keep.

use super::{
    batch::{FallibleRows, Grouped, Hashed, Identified, Paired, Sorted},
    by_arc::{ArcRows, ByArc, Held},
    single::{ErrorSharing, Fallible, FallibleOptional, Optional, Plain},
};

/// What is kept of the stored values of a shape.
pub trait HandOut<Stored> {
    /// What is cloned for each caller.
    type Kept;
    /// What is kept of a value, if it is one.
    fn kept(stored: &Stored) -> Option<&Self::Kept>;
    /// The value that was kept, or that there is none; none where that cannot be stored.
    fn stored(kept: Option<Self::Kept>) -> Option<Stored>;
}

macro_rules! always {
    ([$($generics:tt)*] $shape:ty, $stored:ty) => {
        impl<$($generics)*> HandOut<$stored> for $shape {
            type Kept = $stored;

            fn kept(stored: &$stored) -> Option<&$stored> {
                Some(stored)
            }

            fn stored(kept: Option<$stored>) -> Option<$stored> {
                kept
            }
        }
    };
}

macro_rules! optional {
    ([$($generics:tt)*] $shape:ty, $value:ty) => {
        impl<$($generics)*> HandOut<Option<$value>> for $shape {
            type Kept = $value;

            fn kept(stored: &Option<$value>) -> Option<&$value> {
                stored.as_ref()
            }

            fn stored(kept: Option<$value>) -> Option<Option<$value>> {
                Some(kept)
            }
        }
    };
}

always!([T] Plain<T>, T);
always!([T, E, M: ErrorSharing<E>] Fallible<T, E, M>, T);
always!([K, V] Grouped<V, K>, Vec<V>);
optional!([T] Optional<T>, T);
optional!([T, E, M: ErrorSharing<E>] FallibleOptional<T, E, M>, T);
optional!([V] Paired<V>, V);
optional!([V, K] Identified<V, K>, V);
optional!([V, S] Hashed<V, S>, V);
optional!([V] Sorted<V>, V);

impl<R, E, T> HandOut<T> for FallibleRows<R, E>
where
    R: HandOut<T>,
{
    type Kept = R::Kept;

    fn kept(stored: &T) -> Option<&R::Kept> {
        R::kept(stored)
    }

    fn stored(kept: Option<R::Kept>) -> Option<T> {
        R::stored(kept)
    }
}

macro_rules! held {
    ([$($generics:tt)*] $shape:ty, $inner:ident, $($bounds:tt)*) => {
        impl<$($generics)*> HandOut<Held<T>> for $shape
        where
            $inner: HandOut<T>,
            $($bounds)*
        {
            type Kept = $inner::Kept;

            fn kept(stored: &Held<T>) -> Option<&$inner::Kept> {
                $inner::kept(&stored.0)
            }

            fn stored(kept: Option<$inner::Kept>) -> Option<Held<T>> {
                $inner::stored(kept).map(Held)
            }
        }
    };
}

held!([S, T] ByArc<S>, S,);
held!([R, T] ArcRows<R>, R,);
