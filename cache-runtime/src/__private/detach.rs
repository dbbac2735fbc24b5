//! Loads that go on in the background own what they use: clones of the parameters, made when a load begins.
//!
//! Whether a parameter can be cloned and sent is found out by autoref, as the shape of a result is. A bound would be
//! reported in the words of `Clone`, which say nothing of why anything is cloned.

use crate::policy::Policy;

/// The policy of a function whose loads end with their callers.
///
/// # Panics
///
/// Where the policy asks for loads that do not; in a constant that is a compile error.
pub const fn foreground(policy: Policy) -> Policy {
    assert!(
        !policy.loads_in_background(),
        "this policy lets loads go on in the background, for which the function's parameters are \
         cloned: write `background` beside `policy`"
    );
    policy
}

/// A parameter that is taken by value.
#[derive(Debug)]
pub struct Argument<'a, T>(pub &'a T);

/// A parameter that is taken by reference, as the load takes its clone.
#[derive(Debug)]
pub struct Borrowed<'a, T: ?Sized>(pub &'a T);

/// What can be cloned for the background.
pub trait Detach2 {
    /// The clone.
    type Owned;
    /// Clones it.
    fn __cache_detach(&self) -> Self::Owned;
}

/// What can be cloned, but not taken to the thread where a load goes on.
pub trait Detach1 {
    /// What the clone would be.
    type Owned;
    /// Does not compile, and says why.
    fn __cache_detach(&self) -> Self::Owned
    where
        Self::Owned: CanBeSent;
}

/// What cannot be cloned.
pub trait Detach0 {
    /// What the clone would be.
    type Owned;
    /// The type that has no clone.
    type Blamed: ?Sized;
    /// Does not compile, and says why.
    fn __cache_detach(&self) -> Self::Owned
    where
        Self::Blamed: CanBeCloned;
}

/// Implemented for nothing: it is the error of [`Detach1`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken to the background: it is not `Send`, or not `Sync`",
    label = "taken to another thread",
    note = "`stale_while_revalidate`, `refresh_ahead`, `soft_timeout` and `background` let a load go on where its caller is gone: on any thread of the runtime",
    note = "use an `Arc` for an `Rc` and a `Mutex` for a `RefCell`; or leave the parameter out of the function's body"
)]
pub trait CanBeSent {}

/// Implemented for nothing: it is the error of [`Detach0`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is cloned for loads in the background, and is not `Clone`",
    label = "cloned when a load begins",
    note = "`stale_while_revalidate`, `refresh_ahead`, `soft_timeout` and `background` let a load go on where its caller is gone, so it owns what it uses",
    note = "derive `Clone` for it (cheap with a pool or an `Arc` inside), or take an `Arc` of it: `self: Arc<Self>` in a method"
)]
pub trait CanBeCloned {}

impl<T: Clone + Send + 'static> Detach2 for &&Argument<'_, T> {
    type Owned = T;

    fn __cache_detach(&self) -> T {
        self.0.clone()
    }
}

impl<T> Detach2 for &&Borrowed<'_, T>
where
    T: ToOwned<Owned: Send + Sync + 'static> + ?Sized,
{
    type Owned = T::Owned;

    fn __cache_detach(&self) -> T::Owned {
        self.0.to_owned()
    }
}

impl<T: Clone> Detach1 for &Argument<'_, T> {
    type Owned = T;

    fn __cache_detach(&self) -> T
    where
        T: CanBeSent,
    {
        self.0.clone()
    }
}

impl<T: ToOwned + ?Sized> Detach1 for &Borrowed<'_, T> {
    type Owned = T::Owned;

    fn __cache_detach(&self) -> T::Owned
    where
        T::Owned: CanBeSent,
    {
        self.0.to_owned()
    }
}

impl<T> Detach0 for Argument<'_, T> {
    type Owned = T;
    type Blamed = T;

    fn __cache_detach(&self) -> T
    where
        T: CanBeCloned,
    {
        unreachable!("nothing is `CanBeCloned`")
    }
}

impl<T: ?Sized> Detach0 for Borrowed<'_, T> {
    /// What the reference that the body expects can be had from, even where `T` has no size.
    type Owned = Box<T>;
    type Blamed = T;

    fn __cache_detach(&self) -> Box<T>
    where
        T: CanBeCloned,
    {
        unreachable!("nothing is `CanBeCloned`")
    }
}
