//! Bodies whose outputs are changed before anything else sees them: `value = |user: User| ...` and
//! `negative = |error: &Error| ...`. What a body returns is what is stored, and what every caller gets, with and without a cache.

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use crate::return_shape::{Project, ProjectRows};

/// A closure over an output, which is called once.
pub trait Change<I> {
    /// What it makes of it.
    type Output;
    /// Calls it.
    fn change(self, output: I) -> Self::Output;
}

/// A body with a change of its output.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct Changed<F, C> {
    body: F,
    change: Option<C>,
}

impl<F, C> Changed<F, C> {
    fn new(body: F, change: C) -> Self {
        Changed { body, change: Some(change) }
    }
}

/// It pins nothing that is a part of it.
impl<F: Unpin, C> Unpin for Changed<F, C> {}

impl<F: Future + Unpin, C: Change<F::Output>> Future for Changed<F, C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let Changed { body, change } = self.get_mut();
        let output = ready!(Pin::new(body).poll(cx));
        match change.take() {
            Some(change) => Poll::Ready(change.change(output)),
            None => panic!("a body was polled after its end"),
        }
    }
}

/// Another value in an output of the shape `S`.
#[derive(Debug)]
pub struct Value<S, P>(P, PhantomData<fn() -> S>);

impl<S: Project, P: FnOnce(S::Whole) -> S::Whole> Change<S::Output> for Value<S, P> {
    type Output = S::Output;

    fn change(self, output: S::Output) -> S::Output {
        S::project(output, self.0)
    }
}

/// Other rows in an output of a batch.
#[derive(Debug)]
pub struct RowValues<R, K, P>(P, PhantomData<fn() -> (R, K)>);

impl<K, R, P> Change<R::Output> for RowValues<R, K, P>
where
    R: ProjectRows<K>,
    P: FnMut(R::Whole) -> R::Whole,
{
    type Output = R::Output;

    fn change(self, output: R::Output) -> R::Output {
        R::project(output, self.0)
    }
}

/// An error of an output as a `None`.
#[derive(Debug)]
pub struct Absence<P>(P);

impl<O: CanFail, P: FnOnce(&O::Error) -> bool> Change<O> for Absence<P> {
    type Output = Result<Option<O::Found>, O::Error>;

    fn change(self, output: O) -> Self::Output {
        match output.into_result() {
            Ok(found) => Ok(Some(found)),
            Err(error) if (self.0)(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The body of a function of this shape, with another value.
pub fn valued<S, F, P>(_: &S, body: F, with: P) -> Changed<F, Value<S, P>>
where
    S: Project,
    F: Future<Output = S::Output> + Unpin,
    P: FnOnce(S::Whole) -> S::Whole,
{
    Changed::new(body, Value(with, PhantomData))
}

/// The same of a load that can go on in the background. `with` makes the closure when a load begins.
pub fn valued_load<S, L, F, W, P>(
    _: &S,
    load: L,
    with: W,
) -> impl FnOnce() -> Changed<Pin<Box<F>>, Value<S, P>> + use<S, L, F, W, P>
where
    S: Project,
    L: FnOnce() -> F,
    F: Future<Output = S::Output>,
    W: FnOnce() -> P,
    P: FnOnce(S::Whole) -> S::Whole,
{
    || Changed::new(Box::pin(load()), Value(with(), PhantomData))
}

/// The load of a batch, with other rows.
pub fn valued_rows<R, K, L, F, P>(
    _: &R,
    _: &[K],
    load: L,
    with: P,
) -> impl FnOnce(Vec<K>) -> LoadedRows<R, K, F, P> + use<R, K, L, F, P>
where
    R: ProjectRows<K>,
    L: FnOnce(Vec<K>) -> F,
    F: Future<Output = R::Output>,
    P: FnMut(R::Whole) -> R::Whole,
{
    |ids| Changed::new(Box::pin(load(ids)), RowValues(with, PhantomData))
}

/// The same of a load that can go on in the background.
pub fn valued_rows_owned<R, K, L, M, F, W, P>(
    _: &R,
    _: &[K],
    load: L,
    with: W,
) -> impl Fn() -> RowsLoad<R, K, F, P> + use<R, K, L, M, F, W, P>
where
    R: ProjectRows<K> + 'static,
    K: 'static,
    L: Fn() -> M,
    M: FnOnce(Vec<K>) -> F + Send + 'static,
    F: Future<Output = R::Output> + 'static,
    W: Fn() -> P,
    P: FnMut(R::Whole) -> R::Whole + Send + 'static,
{
    move || {
        let (load, with) = (load(), with());
        Box::new(move |ids| Changed::new(Box::pin(load(ids)), RowValues(with, PhantomData)))
    }
}

/// The load of a batch, with other rows.
type LoadedRows<R, K, F, P> = Changed<Pin<Box<F>>, RowValues<R, K, P>>;

/// One load of a batch that can go on in the background.
type RowsLoad<R, K, F, P> = Box<dyn FnOnce(Vec<K>) -> LoadedRows<R, K, F, P> + Send>;

/// Calls a closure with a value, whose type it thereby knows.
pub fn project<T>(value: T, with: impl FnOnce(T) -> T) -> T {
    with(value)
}

/// What a function with `negative` returns.
#[diagnostic::on_unimplemented(
    message = "`negative` needs a function that returns `Result<_, _>`",
    label = "returns `{Self}`, which has no error",
    note = "remove `negative`: there is no error to remember"
)]
pub trait CanFail {
    /// Its value.
    type Found;
    /// Its error.
    type Error;
    /// A function that returns it.
    type Fails;
    /// What it is.
    fn into_result(self) -> Result<Self::Found, Self::Error>;
    /// A function that returns it.
    fn fails() -> Self::Fails;
}

/// A function that returns `Result<T, E>`. All code of `negative` goes through it: where the function returns something else,
/// there is no such type, which is reported once.
#[derive(Debug)]
pub struct Fails<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> Fails<T, E> {
    /// The body, whose error is a `None` where `is_absence` says so.
    pub fn absent<F, P>(&self, body: F, is_absence: P) -> Changed<F, Absence<P>>
    where
        F: Future<Output = Result<T, E>> + Unpin,
        P: FnOnce(&E) -> bool,
    {
        Changed::new(body, Absence(is_absence))
    }

    /// The same of a load that can go on in the background. `is_absence` makes the closure when a load begins.
    pub fn absent_load<L, F, W, P>(
        &self,
        load: L,
        is_absence: W,
    ) -> impl FnOnce() -> Changed<Pin<Box<F>>, Absence<P>> + use<T, E, L, F, W, P>
    where
        L: FnOnce() -> F,
        F: Future<Output = Result<T, E>>,
        W: FnOnce() -> P,
        P: FnOnce(&E) -> bool,
    {
        || Changed::new(Box::pin(load()), Absence(is_absence()))
    }

    /// What the function returns.
    pub fn returned(&self, result: Result<T, E>) -> Result<T, E> {
        result
    }
}

/// The type that a function returns.
#[derive(Debug)]
pub struct Returned<O>(PhantomData<fn() -> O>);

/// See `Returned`.
pub fn returned<O>() -> Returned<O> {
    Returned(PhantomData)
}

/// See `Fails`.
pub fn fails<O: CanFail>(_: Returned<O>) -> O::Fails {
    O::fails()
}

impl<T, E> CanFail for Result<T, E> {
    type Found = T;
    type Error = E;
    type Fails = Fails<T, E>;

    fn into_result(self) -> Result<T, E> {
        self
    }

    fn fails() -> Fails<T, E> {
        Fails(PhantomData)
    }
}
