//! Functions that are async without `async fn`, and what `#[cfg]` makes of functions.

use std::future::Future;
use std::pin::Pin;

use cache_runtime::write_through;

use super::*;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An alias without parameters.
type Found = Pin<Box<dyn Future<Output = Result<u64, Failed>> + Send>>;

/// A trait whose futures are `Send`, without `#[async_trait]`.
trait Names: Sync {
    fn loads(&self) -> &Loads;

    #[cached(key = "default:<id>", ttl = 60)]
    fn name(&self, id: u64) -> impl Future<Output = Result<String, Failed>> + Send {
        async move {
            self.loads().add_one();
            let id = u32::try_from(id).map_err(|_| Failed)?;
            Ok(format!("name {id}"))
        }
    }

    /// The future is not the first of the bounds.
    #[cached(key = "sent:<id>", ttl = 60)]
    fn sent(&self, id: u64) -> impl Send + Future<Output = Option<u64>> {
        async move {
            self.loads().add_one();
            Some(id)
        }
    }

    fn boxed<'a>(&'a self, id: &'a u64) -> BoxFuture<'a, Result<Option<String>, Failed>>;
}

#[derive(Default)]
struct Repo(Loads);

impl Names for Repo {
    fn loads(&self) -> &Loads {
        &self.0
    }

    #[cached(key = "boxed:<id>", ttl = 60, negative_ttl = 60)]
    fn boxed<'a>(&'a self, id: &'a u64) -> BoxFuture<'a, Result<Option<String>, Failed>> {
        Box::pin(async move {
            self.0.add_one();
            let id = u32::try_from(*id).map_err(|_| Failed)?;
            Ok((id != 7).then(|| format!("boxed {id}")))
        })
    }
}

#[write_through(key = "default:<id>", ttl = 60)]
fn rename(id: u64, name: String) -> BoxFuture<'static, Result<String, Failed>> {
    Box::pin(async move { if id == 0 { Err(Failed) } else { Ok(name) } })
}

#[cached(key = "found:<id>", ttl = 60, skip(loads))]
fn found(loads: Arc<Loads>, id: u64) -> Found {
    let loads = loads.clone();
    Box::pin(async move {
        loads.add_one();
        Ok(id)
    })
}

#[cached(key = "found-again:<id>", ttl = 60, stale_while_revalidate = 30, skip(loads))]
fn found_again(loads: Arc<Loads>, id: u64) -> Found {
    Box::pin(async move {
        loads.add_one();
        Ok(id)
    })
}

#[cached(key = "lengths:<texts>", each = texts, ttl = 60, skip(loads))]
fn lengths<'a>(loads: &'a Loads, texts: &'a [String]) -> BoxFuture<'a, HashMap<String, usize>> {
    Box::pin(async {
        loads.add_one();
        texts.iter().map(|text| (text.clone(), text.len())).collect()
    })
}

/// `FutureExt` of the crate futures is written as here.
trait Boxed: Future + Sized {
    fn boxed<'a>(self) -> BoxFuture<'a, Self::Output>
    where
        Self: Send + 'a,
    {
        Box::pin(self)
    }
}

impl<F: Future> Boxed for F {}

#[cached(key = "by-method:<text>", ttl = 60, skip(loads))]
fn by_method<'a>(loads: &'a Loads, text: &'a str) -> BoxFuture<'a, Option<usize>> {
    async move {
        loads.add_one();
        Some(text.len())
    }
    .boxed()
}

fn is_send<T: Send>(future: T) -> T {
    future
}

#[tokio::test]
async fn returned_futures() {
    let repo = Repo::default();
    assert_eq!(loads_once!(repo.0, is_send(repo.name(1))), Ok("name 1".into()));
    assert_eq!(loads_once!(repo.0, repo.boxed(&1)), Ok(Some("boxed 1".into())));
    assert_eq!(loads_once!(repo.0, repo.boxed(&7)), Ok(None));
    assert_eq!(loads_once!(repo.0, is_send(repo.sent(1))), Some(1));
    let loads = Arc::new(Loads::default());
    assert_eq!(loads_once!(loads, is_send(found(loads.clone(), 1))), Ok(1));
    assert_eq!(loads_once!(loads, is_send(found_again(loads.clone(), 1))), Ok(1));
    assert_eq!(loads_once!(loads, is_send(lengths(&loads, &["a".into(), "bc".into()]))).len(), 2);
    assert_eq!(loads_once!(loads, is_send(by_method(&loads, "a"))), Some(1));
    Cache::in_memory()
        .scope(async {
            rename(1, "renamed".into()).await.unwrap();
            assert_eq!(repo.name(1).await, Ok("renamed".into()));
            assert_eq!(repo.0.take(), 0);
        })
        .await;
}

/// A parameter that is not there, one that is, and two of which one is.
#[cached(
    key = "conditional:<absent>:<present>:<id>:<absent_too>:<present_too>",
    ttl = 60,
    skip(loads)
)]
async fn conditional(
    loads: &Loads,
    #[cfg(any())] absent: Absent,
    #[cfg(not(any()))] present: u8,
    #[cfg(any())] id: Absent,
    #[cfg(not(any()))] id: u64,
    #[cfg_attr(all(), allow(unused), cfg(any()))] absent_too: Absent,
    #[cfg_attr(all(), cfg(all()))] present_too: u8,
) -> String {
    loads.add_one();
    format!("{present} {id} {present_too}")
}

#[cached(key = "conditional:<absent>:<id>", ttl = 60, refresh_ahead = 0.8, skip(loads))]
async fn conditional_background(
    loads: Arc<Loads>,
    #[cfg(any())] absent: &Absent,
    #[cfg(not(any()))] id: &u64,
) -> u64 {
    #[cfg(any())]
    drop(absent);
    loads.add_one();
    *id
}

#[invalidates("conditional:<absent>:<return>")]
async fn forget(#[cfg(any())] absent: Absent, id: u64) -> u64 {
    id
}

#[tokio::test]
async fn conditional_parameters() {
    let loads = Arc::new(Loads::default());
    assert_eq!(loads_once!(loads, conditional(&loads, 1, 2, 3)), "1 2 3");
    assert_eq!(loads_once!(loads, conditional_background(loads.clone(), &3)), 3);
    assert_eq!(forget(3).await, 3);
}

/// An error that borrows from the arguments.
#[derive(Clone, Debug, PartialEq)]
struct Unreadable<'a>(&'a str);

#[cached(key = "parsed:<text>", ttl = 60, skip(loads))]
async fn parsed<'a>(loads: &Loads, text: &'a str) -> Result<u64, Unreadable<'a>> {
    loads.add_one();
    text.parse().map_err(|_| Unreadable(text))
}

#[cached(key = "parsed-text:<text>", ttl = 60, skip(loads))]
async fn parsed_text<'a>(loads: &Loads, text: &'a str) -> Result<Option<u64>, &'a str> {
    loads.add_one();
    text.parse().map(Some).map_err(|_| text)
}

/// The lifetime of an alias, `Self` and a type parameter may be the error's, too.
type Parsed<'a, T> = Result<T, Unreadable<'a>>;

#[cached(key = "parsed-alias:<text>", ttl = 60, skip(loads))]
async fn parsed_alias<'a>(loads: &Loads, text: &'a str) -> Parsed<'a, u64> {
    loads.add_one();
    text.parse().map_err(|_| Unreadable(text))
}

impl Unreadable<'_> {
    #[cached(key = "parsed-self:<self.0>", ttl = 60, skip(loads))]
    async fn parsed(&self, loads: &Loads) -> Result<u64, Self> {
        loads.add_one();
        self.0.parse().map_err(|_| self.clone())
    }
}

#[cached(key = "parsed-generic:<text>", ttl = 60, skip(loads, fail))]
async fn parsed_generic<Error>(loads: &Loads, text: &str, fail: Error) -> Result<u64, Vec<Error>>
where
    Error: Clone + Send + Sync,
{
    loads.add_one();
    text.parse().map_err(|_| vec![fail])
}

struct Failing<E>(E);

impl<E: Clone + Send + Sync> Failing<E> {
    #[cached(key = "parsed-own:<text>", ttl = 60, skip(loads))]
    async fn parsed(&self, loads: &Loads, text: &str) -> Result<u64, E> {
        loads.add_one();
        text.parse().map_err(|_| self.0.clone())
    }
}

#[invalidates("parsed:<text>", on_unavailable = "error")]
async fn renamed(text: &str) -> Result<u64, Unavailable<'_>> {
    text.parse().map_err(|_| Unavailable::Unreadable(text))
}

#[derive(Debug)]
enum Unavailable<'a> {
    Unreadable(&'a str),
    Cache,
}

impl From<cache_runtime::Error> for Unavailable<'_> {
    fn from(_: cache_runtime::Error) -> Self {
        Unavailable::Cache
    }
}

#[tokio::test]
async fn errors_that_borrow() {
    let loads = Loads::default();
    assert_eq!(loads_once!(loads, parsed(&loads, "1")), Ok(1));
    assert_eq!(loads_once!(loads, parsed_text(&loads, "1")), Ok(Some(1)));
    assert_eq!(loads_once!(loads, parsed_alias(&loads, "1")), Ok(1));
    assert_eq!(loads_once!(loads, Unreadable("1").parsed(&loads)), Ok(1));
    assert_eq!(loads_once!(loads, parsed_generic(&loads, "1", "")), Ok(1));
    assert_eq!(loads_once!(loads, Failing("").parsed(&loads, "1")), Ok(1));
    let text = String::from("x");
    assert_eq!(parsed_alias(&loads, &text).await, Err(Unreadable("x")));
    assert_eq!(Unreadable(&text).parsed(&loads).await, Err(Unreadable("x")));
    assert_eq!(parsed_generic(&loads, &text, &text).await, Err(vec![&text]));
    assert_eq!(Failing(&text).parsed(&loads, &text).await, Err(&text));
    assert_eq!(parsed(&loads, &text).await, Err(Unreadable("x")));
    assert_eq!(parsed_text(&loads, &text).await, Err("x"));
    assert!(matches!(renamed(&text).await, Err(Unavailable::Unreadable("x"))));
}
