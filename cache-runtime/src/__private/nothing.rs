//! Refuses to cache a function that returns `()` by another name.

use super::{Nothing, Probe};
use crate::return_shape::Plain;

/// Implemented for nothing: it is the error of [`ShapeOfNothing`].
#[diagnostic::on_unimplemented(
    message = "the function returns `()`, so there is nothing to cache",
    label = "returns nothing",
    note = "return a value, or remove `#[cached]`"
)]
pub trait Cacheable {}

/// See [`Probe`]: a function that returns nothing, which only `#[cached]` refuses.
pub trait ShapeOfNothing {
    /// The marker.
    type Shape;
    /// What the function returns.
    type Returned;
    /// Does not compile, and says why.
    fn __cache_shape(&self) -> Self::Shape
    where
        Self::Returned: Cacheable;
}

impl<T: Nothing> ShapeOfNothing for &&&&&&Probe<T> {
    type Shape = Plain<T>;
    type Returned = T;

    fn __cache_shape(&self) -> Plain<T>
    where
        T: Cacheable,
    {
        Plain::new()
    }
}
