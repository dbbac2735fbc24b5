//! What the URL of a cache names.

use url::Url;

use super::{Builder, CAPACITY, cluster};
use crate::{
    error::Error,
    store::{Store, memory::MemoryStore},
};

/// What a URL should have looked like.
pub(super) const EXPECTED: &str = "write `redis://host:6379/0`, `rediss://…`, \
    `redis+cluster://host:6379,host2:6379`, or `memory://?capacity=100000`";

impl Builder {
    /// The store, and what to call it where it is shown.
    pub(super) fn store(&self) -> Result<(Store, String), Error> {
        if cluster::is_named(&self.url) {
            return self.cluster();
        }
        // The parser's errors do not repeat the URL, which may hold a password.
        let url = Url::parse(&self.url)
            .map_err(|e| Error::Config(format!("the cache URL is malformed: {e}; {EXPECTED}")))?;
        match url.scheme() {
            "memory" => {
                self.alone()?;
                let capacity = capacity(&url)?;
                let store = MemoryStore::new(capacity);
                Ok((Store::Memory(store), format!("memory, {capacity} values")))
            }
            "redis" | "rediss" | "valkey" | "valkeys" => self.redis(&url),
            scheme => {
                Err(Error::Config(format!("`{scheme}://` is no store of this cache; {EXPECTED}")))
            }
        }
    }

    /// What is meant for a server would be lost on a store that has none.
    fn alone(&self) -> Result<(), Error> {
        let lost = self.tls.as_ref().map(|_| "tls");
        match lost {
            Some(setting) => Err(Error::Config(format!(
                "`{setting}` is set for `memory://`, which has no server: write `rediss://host:6379/0`"
            ))),
            None => Ok(()),
        }
    }

    #[cfg(feature = "redis")]
    fn redis(&self, url: &Url) -> Result<(Store, String), Error> {
        use crate::store::{
            redis::{Address, RedisStore},
            sealed::Sealed,
        };

        if matches!(url.scheme(), "rediss" | "valkeys") && !cfg!(feature = "tls") {
            return Err(Error::Config(format!(
                "`{}://` needs the feature `tls` of cache-runtime",
                url.scheme()
            )));
        }
        let address = Address::parse(&self.url)
            .map_err(|e| Error::Config(format!("the cache URL is malformed: {e}; {EXPECTED}")))?;
        let address = self.secured(address)?;
        let store = Sealed::new(RedisStore::new(&address, self.connections), self.seal.clone());
        Ok((Store::Redis(store), format!("redis at {address:?}")))
    }

    #[cfg(not(feature = "redis"))]
    fn redis(&self, url: &Url) -> Result<(Store, String), Error> {
        let scheme = url.scheme();
        Err(Error::Config(format!("`{scheme}://` needs the feature `redis` of cache-runtime")))
    }
}

fn capacity(url: &Url) -> Result<u64, Error> {
    let mut capacity = CAPACITY;
    for (name, value) in url.query_pairs() {
        capacity = match &*name {
            "capacity" => value.parse().ok().filter(|&n| n > 0).ok_or_else(|| {
                Error::Config(format!("`capacity={value}` is not a number of values above zero"))
            })?,
            other => {
                let what = format!("`memory://` has no setting `{other}`; it has `capacity`");
                return Err(Error::Config(what));
            }
        };
    }
    Ok(capacity)
}
