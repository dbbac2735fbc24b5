//! URLs of a Redis Cluster.

use super::Builder;
#[cfg(not(feature = "redis"))]
use super::url_error::EXPECTED;
#[cfg(feature = "redis")]
use super::url_error::in_url;
use crate::{
    error::Error,
    store::{Store, breaker::Breakers},
};

/// The schemes. A cluster URL can name several hosts, which the URL parser does not support.
const SCHEMES: [&str; 4] = ["redis", "rediss", "valkey", "valkeys"];

/// Whether this is the URL of a cluster.
pub(super) fn is_cluster_url(url: &str) -> bool {
    scheme(url).is_some()
}

fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once("+cluster://")?;
    SCHEMES.contains(&scheme).then_some(scheme)
}

impl Builder {
    #[cfg(feature = "redis")]
    pub(super) fn cluster(&self, breakers: &Breakers) -> Result<(Store, String), Error> {
        use crate::store::redis::{RedisStore, Seeds};

        let scheme = scheme(&self.url).unwrap_or_default();
        if matches!(scheme, "rediss" | "valkeys") && !cfg!(feature = "tls") {
            return Err(Error::Config(format!(
                "`{scheme}+cluster://` needs the feature `tls` of cache-runtime"
            )));
        }
        let seeds = Seeds::parse(&self.url).map_err(in_url)?;
        let seeds = seeds.secured(|seed| self.with_provider(self.with_tls(seed)?))?;
        let description = format!("cluster at {seeds:?}");
        let encryptor = self.encryptor.clone();
        let store = RedisStore::cluster(seeds, self.to_connect(), encryptor, breakers);
        Ok((Store::Redis(store), description))
    }

    #[cfg(not(feature = "redis"))]
    pub(super) fn cluster(&self, _: &Breakers) -> Result<(Store, String), Error> {
        let scheme = scheme(&self.url).unwrap_or_default();
        Err(Error::Config(format!(
            "`{scheme}+cluster://` needs the feature `redis` of cache-runtime; {EXPECTED}"
        )))
    }
}
