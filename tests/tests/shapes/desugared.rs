//! Functions that are async without `async fn`, and what `macro_rules!` and `#[cfg]` make of functions.

use std::future::Future;
use std::pin::Pin;

use cache_runtime::write_through;

use super::*;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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

fn is_send<T: Send>(future: T) -> T {
    future
}

#[tokio::test]
async fn returned_futures() {
    let repo = Repo::default();
    assert_eq!(loads_once!(repo.0, is_send(repo.name(1))), Ok("name 1".into()));
    assert_eq!(loads_once!(repo.0, repo.boxed(&1)), Ok(Some("boxed 1".into())));
    assert_eq!(loads_once!(repo.0, repo.boxed(&7)), Ok(None));
    Cache::in_memory()
        .scope(async {
            rename(1, "renamed".into()).await.unwrap();
            assert_eq!(repo.name(1).await, Ok("renamed".into()));
            assert_eq!(repo.0.take(), 0);
        })
        .await;
}

/// Types and bodies come as fragments, in invisible groups.
macro_rules! finders {
    ($($name:ident, $key:literal, $id:ty, $ids:ty, $value:ty;)*) => {$(
        #[cached(key = $key, ttl = 60, stale_while_revalidate = 30, skip(loads))]
        async fn $name(loads: &'static Loads, id: $id, rest: &$ids) -> $value {
            loads.add_one();
            <$value>::from(format!("{id} {}", rest.len()))
        }
    )*};
}

static LOADS: Loads = Loads(AtomicU32::new(0));

finders! {
    by_number, "number:<id>:<rest>", u64, [u64], String;
    by_name, "name:<id>:<rest>", &str, Vec<u64>, Box<str>;
}

macro_rules! batches {
    ($($name:ident, $ids:ty, $tag:literal;)*) => {$(
        #[cached(key = "batch:<ids>", each = ids, ttl = 60, tags = [$tag], skip(loads))]
        async fn $name(loads: &Loads, ids: $ids) -> HashMap<u64, u64> {
            loads.add_one();
            ids.iter().map(|id| (*id, *id)).collect()
        }
    )*};
}

batches! {
    many_of_slice, &[u64], "batches";
    many_of_vec, Vec<u64>, "batches";
}

#[invalidates(tags("batches"))]
async fn forget_batches() {}

#[tokio::test]
async fn fragments_of_macros() {
    assert_eq!(loads_once!(LOADS, by_number(&LOADS, 1, &[1])), "1 1");
    assert_eq!(&*loads_once!(LOADS, by_name(&LOADS, "a", &vec![])), "a 0");
    let loads = Loads::default();
    Cache::in_memory()
        .scope(async {
            assert_eq!(many_of_slice(&loads, &[1, 2]).await.len(), 2);
            assert_eq!(many_of_vec(&loads, vec![1, 2]).await.len(), 2);
            assert_eq!(loads.take(), 1);
            forget_batches().await;
            assert_eq!(many_of_vec(&loads, vec![1, 2]).await.len(), 2);
            assert_eq!(
                loads.take(),
                1,
                "a tag that comes as a fragment is a template like any other"
            );
        })
        .await;
}

/// A parameter that is not there, one that is, and two of which one is.
#[cached(key = "conditional:<absent>:<present>:<id>", ttl = 60, skip(loads))]
async fn conditional(
    loads: &Loads,
    #[cfg(any())] absent: Absent,
    #[cfg(not(any()))] present: u8,
    #[cfg(any())] id: Absent,
    #[cfg(not(any()))] id: u64,
) -> String {
    loads.add_one();
    format!("{present} {id}")
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
    assert_eq!(loads_once!(loads, conditional(&loads, 1, 2)), "1 2");
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
    let text = String::from("x");
    assert_eq!(parsed(&loads, &text).await, Err(Unreadable("x")));
    assert_eq!(parsed_text(&loads, &text).await, Err("x"));
    assert!(matches!(renamed(&text).await, Err(Unavailable::Unreadable("x"))));
}
