//! How a function says no whose write is refused: by an error of its own type.

use crate::{error::Error, return_shape::Shape, write::Refusal};

/// How a writer of this shape says that its write was refused. Only compiles for one that returns a `Result` whose
/// error can be made from the cache's.
pub fn refusal<S>(_: &S) -> Refusal<S>
where
    S: Shape,
    S::Output: Refuses,
{
    S::Output::refused
}

/// What a function with `on_unavailable = "error"` returns.
#[diagnostic::on_unimplemented(
    message = "`on_unavailable = \"error\"` needs a function that returns `Result<_, _>`",
    label = "`{Self}` has no error to return",
    note = "return a `Result`, or remove `on_unavailable`: then the write goes ahead where the cache is unavailable"
)]
pub trait Refuses {
    /// The write was refused.
    fn refused(error: Error) -> Self;
}

impl<T, E: FromUnavailable> Refuses for Result<T, E> {
    fn refused(error: Error) -> Self {
        Err(E::from_unavailable(error))
    }
}

/// An error that can be made from the cache's.
#[diagnostic::on_unimplemented(
    message = "`on_unavailable = \"error\"` returns the cache's error, and `{Self}` cannot be made from it",
    label = "`{Self}` is not made from `cache_runtime::Error`",
    note = "write `impl From<cache_runtime::Error> for {Self}` (with thiserror: a variant with `#[from]`), or remove `on_unavailable`"
)]
pub trait FromUnavailable {
    /// Makes it.
    fn from_unavailable(error: Error) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<Error>> FromUnavailable for E {
    fn from_unavailable(error: Error) -> Self {
        error.into()
    }
}
