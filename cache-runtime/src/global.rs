//! Which cache an annotated function uses: the cache of the scope, or else the global one.

use std::{future::Future, sync::OnceLock};

use crate::{builder::Builder, cache::Cache, error::Error, read::DynFuture};

static GLOBAL: OnceLock<Cache> = OnceLock::new();

tokio::task_local! {
    static SCOPED: Cache;
}

/// Sets the cache that annotated functions use by default.
///
/// # Errors
///
/// [`Error::Config`] where the process already has a global cache: it was set earlier, or was built from the environment
/// when an annotated function was called. Call this at the start of `main`.
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
    /// The global cache of the process. If [`set_global`] was not called, the first use builds it from the environment
    /// (see [`Cache::from_env`]). A malformed `CACHE_URL` disables caching and logs an error.
    pub fn global() -> Cache {
        global().clone()
    }

    /// Runs `future` with this cache instead of the global one, so that each test can have its own.
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
    ///
    /// # Expiry in tests
    ///
    /// With the embedded store, everything that depends on time follows tokio's clock, so a test can
    /// [pause](https://docs.rs/tokio/latest/tokio/time/fn.pause.html) and advance it:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// use std::time::Duration;
    /// use cache_runtime::{Cache, cached};
    ///
    /// #[cached(key = "square:<n>", ttl = 60, stale_if_error = "1h")]
    /// async fn square(n: u64) -> Result<u64, String> { Ok(n * n) }
    ///
    /// let cache = Cache::in_memory();
    /// cache
    ///     .scope(async {
    ///         square(7).await.unwrap();
    ///         tokio::time::advance(Duration::from_secs(59)).await;
    ///         square(7).await.unwrap(); // a hit
    ///         tokio::time::advance(Duration::from_secs(1)).await;
    ///         square(7).await.unwrap(); // loads again
    ///     })
    ///     .await;
    /// assert_eq!((cache.stats().total().hits, cache.stats().total().loads), (1, 2));
    /// # }
    /// ```
    ///
    /// A server knows nothing of a paused clock: over Redis, values end by the server's clock and grace periods by the
    /// system's, and deadlines wait in real time. Only what this process waits for by itself (`wait`, `soft_timeout`,
    /// renewals) runs ahead there.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        SCOPED.scope(self.clone(), future).await
    }

    /// Wraps `future` so that it keeps the cache of this scope, whatever task it runs in.
    pub(crate) fn in_same_scope<O: 'static>(future: DynFuture<O>) -> DynFuture<O> {
        match Cache::scoped() {
            Some(cache) => Box::pin(SCOPED.scope(cache, future)),
            None => future,
        }
    }

    /// Wraps `load` so that it keeps the cache of this scope, whatever task it runs in.
    pub(crate) fn load_in_same_scope<A, L, F>(
        load: L,
    ) -> Box<dyn FnOnce(A) -> DynFuture<F::Output> + Send>
    where
        A: Send + 'static,
        L: FnOnce(A) -> F + Send + 'static,
        F: Future<Output: 'static> + Send + 'static,
    {
        let scoped = Cache::scoped();
        Box::new(move |argument| {
            // Part of the future too: what `load` does before it returns its own future.
            let loading: DynFuture<F::Output> = Box::pin(async move { load(argument).await });
            match scoped {
                Some(cache) => Box::pin(SCOPED.scope(cache, loading)),
                None => loading,
            }
        })
    }

    /// The cache of the current scope, if there is one.
    pub(crate) fn scoped() -> Option<Cache> {
        SCOPED.try_with(Cache::clone).ok()
    }

    /// The cache of the current scope, or else the global one.
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
            tracing::error!(%error, "caching is disabled: `CACHE_URL` cannot be used");
            Cache::disabled()
        }
    })
}
