//! What the URL of a cache names.

use url::Url;

use super::{Builder, CAPACITY, cluster};
use crate::{
    error::Error,
    store::{Store, memory::MemoryStore},
};

/// What a URL should have looked like.
pub(super) const EXPECTED: &str = "write `redis://host:6379/0`, `rediss://…`, \
    `redis+sentinel://host:26379,host2:26379/name/0`, `redis+cluster://host:6379,host2:6379`, \
    or `memory://?capacity=100000`";

impl Builder {
    /// The store, and what to call it where it is shown.
    pub(super) fn store(&self) -> Result<(Store, String), Error> {
        if cluster::is_named(&self.url) {
            return self.cluster();
        }
        // Several hosts are none to the parser.
        if let Some((scheme, rest)) = self.url.split_once("://")
            && let Some(scheme) = scheme.strip_suffix("+sentinel")
        {
            return self.sentinel(scheme, rest);
        }
        // The parser's errors do not repeat the URL, which may hold a password.
        let url = Url::parse(&self.url).map_err(|e| malformed(&e.to_string()))?;
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
        let lost = |setting: &str, scheme: &str| {
            Err(Error::Config(format!(
                "`{setting}` is set for `memory://`, which has no server: write `{scheme}://host:6379/0`"
            )))
        };
        match (&self.tls, &self.provider) {
            (Some(_), _) => lost("tls", "rediss"),
            (_, Some(_)) => lost("credentials", "redis"),
            (None, None) => Ok(()),
        }
    }

    #[cfg(feature = "redis")]
    fn redis(&self, url: &Url) -> Result<(Store, String), Error> {
        use crate::store::{
            redis::{Address, RedisStore},
            sealed::Sealed,
        };

        encryptable(url.scheme())?;
        let address = Address::parse(&self.url).map_err(in_url)?;
        let address = self.accredited(self.secured(address)?)?;
        let store = Sealed::new(RedisStore::new(&address, self.connections), self.seal.clone());
        Ok((Store::Redis(store), format!("redis at {address:?}")))
    }

    #[cfg(not(feature = "redis"))]
    fn redis(&self, url: &Url) -> Result<(Store, String), Error> {
        let scheme = url.scheme();
        Err(Error::Config(format!("`{scheme}://` needs the feature `redis` of cache-runtime")))
    }
}

/// What is said here repeats no part of the URL that could be a password.
pub(super) fn malformed(what: &str) -> Error {
    Error::Config(format!("the cache URL is malformed: {what}; {EXPECTED}"))
}

/// An error that is one of the URL's form says what a URL should look like.
#[cfg(feature = "redis")]
pub(super) fn in_url(error: Error) -> Error {
    match error {
        Error::Config(what) => malformed(&what),
        error => error,
    }
}

/// What a scheme asks for has to be there.
#[cfg(feature = "redis")]
pub(super) fn encryptable(scheme: &str) -> Result<(), Error> {
    match matches!(scheme, "rediss" | "valkeys") && !cfg!(feature = "tls") {
        true => {
            Err(Error::Config(format!("`{scheme}://` needs the feature `tls` of cache-runtime")))
        }
        false => Ok(()),
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
