//! How the keys of a writer are settled: while its output is held, or, if that cannot be taken to another thread, in a task of
//! their own. Holding it would take `Send` from a future that has it without the attribute.

use std::{future::Future, marker::PhantomData};

use super::{Call, Writing, leave_nothing};
use crate::{
    return_shape::{Plain, Shape},
    write::{self, Leave, Refusal, Through},
};

/// Finds out whether what a future returns is `Send`, by the order in which method calls consider references:
/// `(&EndingProbe::of(&*__body)).__cache_ending()`.
#[derive(Debug)]
pub struct EndingProbe<O>(PhantomData<fn() -> O>);

impl<O> EndingProbe<O> {
    /// A probe of what `future` returns.
    pub fn of<F: Future<Output = O>>(_: &F) -> Self {
        EndingProbe(PhantomData)
    }
}

/// See [`EndingProbe`]: an output that is `Send`.
pub trait Ending1 {
    /// It is held.
    fn __cache_ending(&self) -> Held;
}

impl<O: Send> Ending1 for EndingProbe<O> {
    fn __cache_ending(&self) -> Held {
        Held
    }
}

/// See [`EndingProbe`]: any other, which a method call finds by one reference more.
pub trait Ending0 {
    /// It is not held.
    fn __cache_ending(&self) -> Apart;
}

impl<O> Ending0 for &EndingProbe<O> {
    fn __cache_ending(&self) -> Apart {
        Apart
    }
}

/// The keys are settled while the output is held.
#[derive(Debug)]
pub struct Held;

/// The keys are settled in a task, as far as that takes time.
#[derive(Debug)]
pub struct Apart;

/// The two differ in the function that they call, by which a future is `Send` or not. They have no trait: of a future that a
/// trait's method returns, the compiler cannot always prove that it is `Send`.
macro_rules! endings {
    ($($ending:ident: $writes:ident;)*) => {$(
        impl $ending {
            /// Runs a writer that leaves nothing.
            pub async fn invalidate<F: Future>(self, call: Call, body: F) -> F::Output {
                self.run::<Plain<F::Output>, _, F>(call, None, leave_nothing, body).await
            }

            /// Runs a writer. Its value, if there is a key for one, takes the entry's place.
            pub async fn write<S, H, F>(self, call: Call, _shape: S, hooks: H, body: F) -> S::Output
            where
                S: Shape,
                H: FnOnce(&S::Value, &mut Leave),
                F: Future<Output = S::Output>,
            {
                self.run::<S, H, F>(call, None, hooks, body).await
            }

            /// Runs a writer, unless its keys cannot be fenced: then `refuse` answers.
            pub async fn write_or<S, H, F>(
                self,
                call: Call,
                refuse: Refusal<S>,
                _shape: S,
                hooks: H,
                body: F,
            ) -> S::Output
            where
                S: Shape,
                H: FnOnce(&S::Value, &mut Leave),
                F: Future<Output = S::Output>,
            {
                self.run::<S, H, F>(call, Some(refuse), hooks, body).await
            }

            async fn run<S, H, F>(
                self,
                call: Call,
                refuse: Option<Refusal<S>>,
                hooks: H,
                body: F,
            ) -> S::Output
            where
                S: Shape,
                H: FnOnce(&S::Value, &mut Leave),
                F: Future<Output = S::Output>,
            {
                let Some(writing) = call.writing() else { return body.await };
                let Writing { cache, guard, counters, policy, key, fences, tags, hold, leave } =
                    writing;
                let (inner, guard) = (&cache.inner, &guard);
                let (counters, policy) = (&counters, &policy);
                let through = Through { inner, guard, counters, policy, key, fences, tags, hold };
                write::$writes::<S, H, F>(through, leave, refuse, hooks, body).await
            }
        }
    )*};
}

endings! {
    Held: writes;
    Apart: writes_apart;
}
