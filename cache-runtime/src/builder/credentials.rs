//! Credentials that are asked for at each new connection.

use std::{fmt, future::Future, sync::Arc};

use super::Builder;
use crate::credentials::Credentials;
#[cfg(feature = "redis")]
use crate::{error::Error, store::redis::Address};

impl Builder {
    /// Asks `provider` for the user and password of each new connection, so that a password can be rotated without a
    /// restart: what is connected stays so, and the next connection logs in with what is valid then.
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
    /// It has 5 seconds. When it fails, panics or takes longer, that attempt to connect has failed: functions load for
    /// themselves, the log holds its error's text, and it is asked again after a pause of at most half a second, for
    /// each of the [`connections`](Builder::connections). One that asks a service should keep its answer for a while.
    ///
    /// A server that no longer takes what it is sent (`NOAUTH`, and `NOPERM` where a user has lost its rights to
    /// another) is connected to anew. The URL then has no user and no password.
    pub fn credentials<F, Fut, E>(mut self, provider: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, E>> + Send + 'static,
        E: fmt::Display,
    {
        self.provider = Some(Arc::new(move || {
            let asked = provider();
            Box::pin(async { asked.await.map_err(|error| error.to_string()) })
        }));
        self
    }

    /// The address, with what is to be asked.
    #[cfg(feature = "redis")]
    pub(super) fn accredited(&self, address: Address) -> Result<Address, Error> {
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
