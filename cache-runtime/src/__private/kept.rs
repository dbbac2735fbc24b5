//! What a writer keeps of a value that it was given or has returned: seen through references and `Option`, by the
//! order in which method calls consider references.

use crate::return_shape::Plain;

/// What is to be stored, as an expression gave it: `&user`, `Some(&user)`, `user`.
#[derive(Debug)]
pub struct Picked<R>(pub R);

/// Asks a closure of a value; its answer may borrow from that.
pub fn pick<'v, V: ?Sized, R>(value: &'v V, closure: impl FnOnce(&'v V) -> R) -> R {
    closure(value)
}

/// The marker of a value that is stored as it is.
pub fn kind<T>(_: &T) -> Plain<T> {
    Plain::new()
}

/// The traits by which [`Picked`] dispatches, the most specific with the most references. The method has a name that
/// no trait of the user's has.
macro_rules! kept {
    ($($trait:ident: $kept:ty, impl [$($generics:tt)*] for $picked:ty, $see:expr;)*) => {$(
        /// See [`Picked`].
        pub trait $trait {
            /// What is stored.
            type Kept;
            /// The value to store, if there is one.
            fn __cache_kept(&self) -> Option<&Self::Kept>;
        }

        impl<$($generics)*> $trait for $picked {
            type Kept = $kept;
            fn __cache_kept(&self) -> Option<&$kept> {
                let see: fn(&Self) -> Option<&$kept> = $see;
                see(self)
            }
        }
    )*};
}

kept! {
    Kept4: T, impl [T] for &&&&Picked<Option<&T>>, |picked| picked.0;
    Kept3: T, impl [T] for &&&Picked<Option<T>>, |picked| picked.0.as_ref();
    Kept2: T, impl [T] for &&Picked<&&T>, |picked| Some(*picked.0);
    Kept1: T, impl [T] for &Picked<&T>, |picked| Some(picked.0);
    Kept0: T, impl [T] for Picked<T>, |picked| Some(&picked.0);
}

/// The type of a function that has nothing to say.
pub trait Nothing {}

impl Nothing for () {}

/// Implemented for nothing: it is the error of [`Kept5`].
#[diagnostic::on_unimplemented(
    message = "there is no value to leave in the cache: the function returns `()`",
    label = "returns nothing that could be stored",
    note = "return what the database now holds, or write `value = user` where a parameter is that"
)]
pub trait Something {}

/// See [`Picked`]: a function that returns nothing.
pub trait Kept5 {
    /// What would be stored.
    type Kept;
    /// Does not compile, and says why.
    fn __cache_kept(&self) -> Option<&Self::Kept>
    where
        Self::Kept: Something;
}

impl<T: Nothing> Kept5 for &&&&&Picked<&T> {
    type Kept = T;

    fn __cache_kept(&self) -> Option<&T>
    where
        T: Something,
    {
        Some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an expansion does.
    macro_rules! kept {
        ($picked:expr) => {
            (&&&&&&Picked($picked)).__cache_kept()
        };
    }

    #[test]
    fn a_value_is_seen_through_references_and_options() {
        let user = String::from("Ann");
        let expected: Option<&String> = Some(&user);
        assert_eq!(kept!(&user), expected);
        assert_eq!(kept!(&&user), expected);
        assert_eq!(kept!(user.clone()), expected);
        assert_eq!(kept!(Some(&user)), expected);
        assert_eq!(kept!(Some(user.clone())), expected);
        assert_eq!(kept!(None::<&String>), None);
        assert_eq!(kept!(None::<String>), None);
    }

    #[test]
    fn what_a_closure_gives_may_borrow_from_what_it_saw() {
        let saved = (7, String::from("Ann"));
        let name = pick(&saved, |saved: &(u8, String)| &saved.1);
        assert_eq!(kept!(name), Some(&saved.1));
        assert_eq!(kept!(pick(&saved, |saved| Some(&saved.0))), Some(&7));
    }
}
