//! A provider of credentials, which each new connection asks.

use std::{fmt, future::Future, sync::Arc};

use super::Builder;
use crate::credentials::Credentials;
#[cfg(feature = "redis")]
use crate::{error::Error, store::redis::Address};

impl Builder {
    /// Asks `provider` for the user and password of each new connection, so that a password can be rotated without a
    /// restart: existing connections stay, and the next one logs in with what is valid then.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::{Cache, Credentials};
    ///
    /// let cache = Cache::builder()
    ///     .url("redis://cache.internal:6379")
    ///     .credentials(async || {
    ///         let password = tokio::fs::read_to_string("/run/secrets/cache").await?;
    ///         std::io::Result::Ok(Credentials::new("shop", password.trim_end()))
    ///     })
    ///     .build()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The provider has 5 seconds. When it fails, panics or takes longer, the attempt to connect has failed: functions
    /// load without the cache, and the log has the text of the error. The provider is asked again after a pause of at
    /// most half a second, for each of the [`connections`](Builder::connections). A provider that asks a service should
    /// keep the answer for a while.
    ///
    /// When the server refuses commands (`NOAUTH`, or `NOPERM` where another user now has the rights), the cache
    /// connects anew. With a provider, the URL has no user and no password.
    pub fn credentials<F, Fut, E>(mut self, provider: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, E>> + Send + 'static,
        E: fmt::Display,
    {
        self.provider = Some(Arc::new(move || {
            let answer = provider();
            Box::pin(async { answer.await.map_err(|error| error.to_string()) })
        }));
        self
    }

    /// The address, with the provider if there is one.
    #[cfg(feature = "redis")]
    pub(super) fn with_provider(&self, address: Address) -> Result<Address, Error> {
        match &self.provider {
            None => Ok(address),
            Some(_) if address.has_login() => Err(Error::Config(
                "the URL has a user or a password, and `credentials` is set: leave one of them out"
                    .into(),
            )),
            Some(provider) => Ok(address.accredited(Arc::clone(provider))),
        }
    }
}
