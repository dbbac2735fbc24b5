//! Many callers at once.

use std::any::Any;

use cache_runtime::{Cache, FunctionStats};
use cache_test_support::patience::{eventually, in_time};
use tokio::task::JoinSet;

/// Callers of one function, each in a task of its own.
#[derive(Debug)]
pub struct Herd<T> {
    callers: JoinSet<T>,
}

impl<T: Send + 'static> Herd<T> {
    /// So many callers of `call`.
    pub fn of<F>(callers: usize, call: impl Fn() -> F) -> Herd<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        Herd { callers: (0..callers).map(|_| call()).collect() }
    }

    /// What they were answered.
    ///
    /// # Panics
    ///
    /// Where one of them hangs or panics.
    pub async fn answers(self) -> Vec<T> {
        in_time("an answer to every caller", self.callers.join_all()).await
    }

    /// What they were answered, and what those panicked with who were not.
    ///
    /// # Panics
    ///
    /// Where one of them hangs or is cancelled.
    pub async fn answers_and_panics(mut self) -> (Vec<T>, Vec<Box<dyn Any + Send>>) {
        let (mut answers, mut panics) = (Vec::new(), Vec::new());
        while let Some(end) = in_time("an end of every call", self.callers.join_next()).await {
            match end {
                Ok(answer) => answers.push(answer),
                Err(error) => panics.push(error.into_panic()),
            }
        }
        (answers, panics)
    }
}

/// The counters of the function called `name`; zeros where it has not been called yet.
pub fn counters(cache: &Cache, name: &str) -> FunctionStats {
    cache.stats().function(name).cloned().unwrap_or_default()
}

/// Waits until so many calls of `name` have found nothing in the store.
///
/// On a runtime of one thread all of them are then in the flight of their key, for a call joins it before
/// it gives way to another.
pub async fn missed(cache: &Cache, name: &str, calls: u64) {
    let what = format!("{calls} calls of `{name}` miss");
    eventually(&what, async || counters(cache, name).misses >= calls).await;
}
