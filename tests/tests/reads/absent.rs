//! Errors that say that there is no value, and are remembered.

use cache_runtime::{Cache, cached};
use cache_tests::{source::Source, stores::on_each_store};

#[derive(Debug, PartialEq)]
enum Error {
    NotFound { id: u64, name: String },
    Gone,
    Broken,
}

/// The answer of the source decides: 1 is a value, 2 is none, anything else is a failure.
async fn select(source: &Source, id: u64, name: String) -> Result<u64, Error> {
    match source.query().await {
        1 => Ok(id),
        2 => Err(Error::NotFound { id, name }),
        _ => Err(Error::Broken),
    }
}

#[cached(
    key = "row:<id>:<name>",
    ttl = 60,
    negative_ttl = 60,
    negative = Error::NotFound { id, name },
    skip(source),
    cache = cache,
)]
async fn find(cache: &Cache, source: &Source, id: u64, name: String) -> Result<u64, Error> {
    select(source, id, name).await
}

impl Error {
    fn is_absence_of(&self, wanted: &str) -> bool {
        matches!(self, Error::NotFound { name, .. } if name == wanted)
    }
}

/// An absence that no pattern can tell: it is that of this very name.
#[cached(
    key = "told:<id>:<name>",
    ttl = 60,
    negative_ttl = 60,
    negative = |error| error.is_absence_of(&name),
    negative_error = Error::NotFound { id: 0, name },
    skip(source),
    cache = cache,
)]
async fn told(cache: &Cache, source: &Source, id: u64, name: String) -> Result<u64, Error> {
    let of = if id == 7 { "another".to_owned() } else { name };
    select(source, id, of).await
}

#[cached(
    key = "any:<id>",
    ttl = 60,
    negative_ttl = 60,
    negative = Error::Gone | Error::NotFound { .. },
    negative_error = Error::Gone,
    skip(source),
    cache = cache,
)]
async fn any(cache: &Cache, source: &Source, id: u64) -> Result<u64, Error> {
    select(source, id, String::new()).await
}

#[cached(key = "gone:<id>", ttl = 60, negative_ttl = 60, negative = Error::Gone, cache = cache)]
async fn gone(cache: &Cache, id: u64) -> Result<u64, Error> {
    if id == 0 { Err(Error::Gone) } else { Err(Error::Broken) }
}

#[cached(
    key = "gone:<id>",
    ttl = 60,
    stale_while_revalidate = 60,
    negative_ttl = 60,
    negative = Error::Gone,
    cache = cache,
)]
async fn gone_in_background(cache: Cache, id: u64) -> Result<u64, Error> {
    if id == 0 { Err(Error::Gone) } else { Err(Error::Broken) }
}

#[tokio::test]
async fn an_absence_is_remembered_and_other_errors_are_not() {
    on_each_store(async |cache| {
        let source = Source::open();
        let call = async |id: u64| find(&cache, &source, id, "ann".to_owned()).await;
        for _ in 0..2 {
            assert_eq!(call(1).await, Ok(1));
        }
        let absent = || Err(Error::NotFound { id: 2, name: "ann".into() });
        for _ in 0..2 {
            assert_eq!(call(2).await, absent());
        }
        assert_eq!(source.queries(), 2);
        for queries in 3..5 {
            assert_eq!(call(3).await, Err(Error::Broken));
            assert_eq!(source.queries(), queries);
        }
        assert_eq!(cache.stats().total().negative_hits, 1);
        // Its twin without a macro.
        let load = || async { select(&source, 2, String::new()).await.map(Some) };
        let policy = cache_runtime::Policy::ttl(60).negative_ttl(60);
        let twin = cache.get_or_load("row:2:ann", &policy, load).await;
        assert_eq!(twin, Ok(None), "they share their entries");
    })
    .await;
}

#[tokio::test]
async fn a_closure_or_a_pattern_tells_an_absence() {
    on_each_store(async |cache| {
        let source = Source::open();
        let call = async |id: u64| told(&cache, &source, id, "ann".to_owned()).await;
        assert_eq!(call(1).await, Ok(1));
        for _ in 0..2 {
            // Whoever loads gets what hits get.
            assert_eq!(call(2).await, Err(Error::NotFound { id: 0, name: "ann".into() }));
            assert_eq!(source.queries(), 2);
        }
        assert_eq!(call(3).await, Err(Error::Broken));
        let source = Source::open();
        assert_eq!(any(&cache, &source, 1).await, Ok(1));
        for _ in 0..2 {
            assert_eq!(any(&cache, &source, 2).await, Err(Error::Gone));
            assert_eq!(source.queries(), 2);
        }
        // An absence of something else is an error like others.
        let source = Source::open();
        assert_eq!(told(&cache, &source, 7, String::new()).await, Ok(7));
        for _ in 0..2 {
            let source = Source::open();
            source.query().await;
            let absent = told(&cache, &source, 7, "bob".to_owned()).await;
            assert_eq!(absent, Err(Error::NotFound { id: 7, name: "another".into() }));
            assert_eq!(source.queries(), 2);
        }
        assert_eq!(cache.stats().total().negative_hits, 2);
        // Their twin without a macro loads the absence as a `None`.
        let load = || async {
            match select(&source, 2, String::new()).await {
                Err(error) if error.is_absence_of("") => Ok(None),
                other => other.map(Some),
            }
        };
        let policy = cache_runtime::Policy::ttl(60).negative_ttl(60);
        assert_eq!(cache.get_or_load("any:2", &policy, load).await, Ok(None), "it is a hit");
    })
    .await;
}

#[tokio::test]
async fn an_absence_is_remembered_by_loads_in_the_background_too() {
    on_each_store(async |cache| {
        for _ in 0..2 {
            assert_eq!(gone(&cache, 0).await, Err(Error::Gone));
            assert_eq!(gone_in_background(cache.clone(), 0).await, Err(Error::Gone));
            assert_eq!(gone_in_background(cache.clone(), 1).await, Err(Error::Broken));
        }
        let stats = cache.stats().total();
        assert_eq!((stats.loads, stats.negative_hits), (3, 3), "{stats:?}");
    })
    .await;
}
