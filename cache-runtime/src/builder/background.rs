//! What loads in the background take along of their callers.

use std::sync::Arc;

use super::Builder;
use crate::shared::BackgroundLoad;

impl Builder {
    /// Wraps each load that goes on in the background, so that it takes along what its caller has: the current span, or
    /// task-locals. By default it has neither: it is a task of its own.
    ///
    /// These are the loads of `stale_while_revalidate`, `refresh_ahead`, `xfetch` and `soft_timeout`. `wrap` is called in the task
    /// of the caller, when the load begins, and returns the future that is spawned. The future that it is given is cheap to
    /// wrap and must be awaited: one that is dropped is a load that has failed. The last call of this function counts.
    ///
    /// A load may serve other callers than the one that has begun it, so carry what says where it comes from, such as a
    /// trace, and nothing that decides what is loaded: that has to be in the key.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::Cache;
    ///
    /// tokio::task_local! { static REQUEST: u64; }
    ///
    /// let cache = Cache::builder()
    ///     .wrap_background(|load| match REQUEST.try_with(|request| *request) {
    ///         Ok(request) => Box::pin(REQUEST.scope(request, load)),
    ///         Err(_) => load,
    ///     })
    ///     .build()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    ///
    /// A panic of `wrap` is one of the call that has begun the load.
    pub fn wrap_background(
        mut self,
        wrap: impl Fn(BackgroundLoad) -> BackgroundLoad + Send + Sync + 'static,
    ) -> Self {
        self.wrap_background = Some(Arc::new(wrap));
        self
    }
}
