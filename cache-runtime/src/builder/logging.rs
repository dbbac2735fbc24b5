//! What logs may show.

use super::Builder;

impl Builder {
    /// Whether log events show whole keys, with the values in them. By default they show the function and the template
    /// of its key only, because a key may hold personal data.
    ///
    /// `?log_keys=on` in a URL overrides it, so that `CACHE_URL=redis://127.0.0.1:6379?log_keys=on` shows the keys of one process.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// let cache = cache_runtime::Cache::builder().log_keys(cfg!(debug_assertions)).build().await?;
    /// # Ok(()) }
    /// ```
    pub fn log_keys(mut self, log_keys: bool) -> Self {
        self.log_keys = log_keys;
        self
    }
}
