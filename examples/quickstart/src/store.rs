//! Which store the cache is in: the embedded one, or the server that `CACHE_URL` names.

use std::{
    env::{self, VarError},
    error::Error,
    time::{SystemTime, UNIX_EPOCH},
};

use cache_runtime::Cache;

use crate::{format::grouped, options::Options};

/// The cache, and what the report says of it.
pub(crate) struct Store {
    pub(crate) cache: Cache,
    pub(crate) name: String,
    /// How many entries it may hold, if their number is bounded; nothing is known here of a server's memory.
    pub(crate) capacity: Option<u64>,
}

impl Store {
    pub(crate) async fn connect(options: &Options) -> Result<Self, Box<dyn Error>> {
        let url = match env::var("CACHE_URL") {
            Err(VarError::NotPresent) => "memory://".to_owned(),
            url => url.map_err(|_| "CACHE_URL is not UTF-8")?,
        };
        let (url, capacity) = match (url.starts_with("memory:"), options.capacity) {
            (true, Some(entries)) => (format!("memory://?capacity={entries}"), Some(entries)),
            (true, None) => {
                let said = url.split_once("capacity=").map(|(_, number)| number);
                let entries = said.and_then(|number| number.split('&').next()?.parse().ok());
                (url, entries)
            }
            (false, None) => (url, None),
            (false, Some(_)) => {
                return Err(
                    "--capacity is for the embedded store, but CACHE_URL names another".into()
                );
            }
        };
        let cache = Cache::builder()
            .url(&url)
            // The database is new in every run, so nothing that an earlier run left on a server
            // is about these users.
            .namespace(&format!("quickstart-{:x}", nanoseconds()))
            .build()
            .await?;
        // An application goes on without its cache, but this one has nothing to show then.
        if let Err(error) = cache.get::<()>("is anyone there").await {
            return Err(format!("the store that CACHE_URL names does not answer: {error}").into());
        }
        let name = match (url.starts_with("memory:"), capacity) {
            (true, Some(entries)) => {
                format!("the embedded store (at most {} entries)", grouped(entries))
            }
            (true, None) => "the embedded store".to_owned(),
            (false, _) => "the server that CACHE_URL names".to_owned(),
        };
        Ok(Store { cache, name, capacity })
    }
}

/// Since 1970: different in every run.
fn nanoseconds() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |duration| duration.as_nanos())
}
