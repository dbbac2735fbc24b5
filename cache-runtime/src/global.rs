//! Which cache an annotated function uses: the one of the scope, else the one of the process.

use std::{future::Future, sync::OnceLock};

use crate::{builder::Builder, cache::Cache, error::Error, read::DynFuture};

static GLOBAL: OnceLock<Cache> = OnceLock::new();

tokio::task_local! {
    static SCOPED: Cache;
}

/// Makes `cache` the one that annotated functions use unless they say otherwise.
///
/// # Errors
///
/// [`Error::Config`] where the process already has one: set earlier, or built from the environment because
/// an annotated function was called before. Call this at the start of `main`.
pub fn set_global(cache: Cache) -> Result<(), Error> {
    GLOBAL.set(cache).map_err(|_| {
        Error::Config(
            "the process already has a global cache; call `set_global` once, before the first \
             annotated function is called"
                .to_owned(),
        )
    })
}

impl Cache {
    /// The process-wide cache. The first use builds it from the environment (see [`Cache::from_env`]) where
    /// [`set_global`] has not been called. A `CACHE_URL` that is malformed leaves caching off, with an
    /// error in the log.
    pub fn global() -> Cache {
        global().clone()
    }

    /// Runs `future` with this cache in the place of the global one. For tests: each can have its own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, cached};
    ///
    /// #[cached(key = "square:<n>", ttl = 60)]
    /// async fn square(n: u64) -> u64 { n * n }
    ///
    /// let cache = Cache::in_memory();
    /// cache.scope(async { (square(7).await, square(7).await) }).await;
    /// assert_eq!(cache.stats().total().hits, 1);
    /// # }
    /// ```
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        SCOPED.scope(self.clone(), future).await
    }

    /// A future in which the same cache is in force as here, whatever task it comes to run in.
    pub(crate) fn in_same_scope<O: 'static>(future: DynFuture<O>) -> DynFuture<O> {
        match Cache::scoped() {
            Some(cache) => Box::pin(SCOPED.scope(cache, future)),
            None => future,
        }
    }

    /// A load in which the same cache is in force as here, whatever task it comes to run in.
    pub(crate) fn load_in_same_scope<A, L, F>(
        load: L,
    ) -> Box<dyn FnOnce(A) -> DynFuture<F::Output> + Send>
    where
        A: Send + 'static,
        L: FnOnce(A) -> F + Send + 'static,
        F: Future<Output: 'static> + Send + 'static,
    {
        let scoped = Cache::scoped();
        Box::new(move |asked| {
            // What the load does before it returns its future is a part of it.
            let loading: DynFuture<F::Output> = Box::pin(async move { load(asked).await });
            match scoped {
                Some(cache) => Box::pin(SCOPED.scope(cache, loading)),
                None => loading,
            }
        })
    }

    /// The cache of the scope, if there is one here.
    pub(crate) fn scoped() -> Option<Cache> {
        SCOPED.try_with(Cache::clone).ok()
    }

    /// The cache in force here.
    pub(crate) fn current() -> Cache {
        Cache::scoped().unwrap_or_else(Cache::global)
    }
}

fn global() -> &'static Cache {
    GLOBAL.get_or_init(|| match Builder::from_env().and_then(Builder::build_lazily) {
        Ok(cache) => {
            tracing::info!(?cache, "built the global cache from the environment (`CACHE_URL`)");
            cache
        }
        Err(error) => {
            tracing::error!(%error, "caching is off: `CACHE_URL` cannot be used");
            Cache::disabled()
        }
    })
}
