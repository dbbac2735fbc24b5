//! The store that the URL of a cache names.

use std::sync::Arc;

use url::Url;

#[cfg(feature = "redis")]
use super::url_error::{check_tls, in_url};
use super::{
    Builder, cluster, memory, socket,
    url_error::{EXPECTED, malformed},
};
use crate::{
    error::Error,
    store::{Store, breaker::Breakers, memory::MemoryStore},
};

impl Builder {
    /// The store, and its description for `Debug`.
    pub(super) fn store(&self, breakers: &Breakers) -> Result<(Store, String), Error> {
        if cluster::is_cluster_url(&self.url) {
            return self.cluster(breakers);
        }
        if let Some((scheme, rest)) = socket::socket_url(&self.url) {
            return self.socket(scheme, rest, breakers);
        }
        // The parser does not know several hosts.
        if let Some((scheme, rest)) = self.url.split_once("://")
            && let Some(scheme) = scheme.strip_suffix("+sentinel")
        {
            return self.sentinel(scheme, rest, breakers);
        }
        // The URL may hold a password; the parser's errors do not repeat it.
        let url = Url::parse(&self.url).map_err(|e| malformed(&e.to_string()))?;
        match url.scheme() {
            "memory" => {
                self.check_no_server_settings()?;
                let limits = memory::limits(&url)?;
                let store = MemoryStore::new(limits, Arc::clone(&breakers.counters));
                Ok((Store::Memory(store), memory::description(limits)))
            }
            "redis" | "rediss" | "valkey" | "valkeys" => self.redis(&url, breakers),
            scheme => {
                Err(Error::Config(format!("`{scheme}://` is no store of this cache; {EXPECTED}")))
            }
        }
    }

    /// An error where a setting is meant for a server, since `memory://` would ignore it.
    fn check_no_server_settings(&self) -> Result<(), Error> {
        let ignored = |setting: &str, scheme: &str| {
            Err(Error::Config(format!(
                "`{setting}` is set for `memory://`, which has no server: write `{scheme}://host:6379/0`"
            )))
        };
        match (&self.tls, &self.provider) {
            (Some(_), _) => ignored("tls", "rediss"),
            (_, Some(_)) => ignored("credentials", "redis"),
            (None, None) => Ok(()),
        }
    }

    #[cfg(feature = "redis")]
    fn redis(&self, url: &Url, breakers: &Breakers) -> Result<(Store, String), Error> {
        use crate::store::redis::{Address, RedisStore};

        check_tls(url.scheme())?;
        let address = Address::parse(&self.url).map_err(in_url)?;
        let address = self.with_provider(self.with_tls(address)?)?;
        let description = format!("redis at {address:?}");
        let encryptor = self.encryptor.clone();
        let store = RedisStore::new(address, self.to_connect(), encryptor, breakers);
        Ok((Store::Redis(store), description))
    }

    #[cfg(not(feature = "redis"))]
    fn redis(&self, url: &Url, _: &Breakers) -> Result<(Store, String), Error> {
        let scheme = url.scheme();
        Err(Error::Config(format!("`{scheme}://` needs the feature `redis` of cache-runtime")))
    }
}
