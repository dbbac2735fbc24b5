//! Batches, in every form that a function over a list can have: a second call asks for nothing, and one that overlaps
//! asks for what is missing.

use std::collections::BTreeMap;

use cache_runtime::{CacheValue, Policy};

use super::*;

/// What was asked for, call by call.
#[derive(Clone, Default)]
struct Asked(Arc<std::sync::Mutex<Vec<String>>>);

impl Asked {
    fn add(&self, ids: impl Debug) {
        self.0.lock().unwrap().push(format!("{ids:?}"));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn name(id: impl Display) -> String {
    format!("user {id}")
}

#[derive(Clone)]
struct Repo {
    asked: Asked,
    tenant: String,
}

impl Repo {
    #[cached(key = "ref:<self.tenant>:<ids>", each = ids, ttl = 60, negative_ttl = 5, lock)]
    async fn by_reference(&self, ids: &[u64]) -> Result<HashMap<u64, String>, Failed> {
        self.asked.add(ids);
        if ids.contains(&7) {
            return Err(Failed);
        }
        Ok(ids.iter().filter(|id| **id != 0).map(|id| (*id, name(id))).collect())
    }

    #[cached(key = "arc:<self.tenant>:<ids>", each = ids, ttl = 60)]
    async fn by_arc(self: Arc<Self>, ids: Vec<u64>) -> BTreeMap<u64, String> {
        self.asked.add(&ids);
        tokio::spawn(async move { ids.iter().map(|id| (*id, name(&self.tenant))).collect() })
            .await
            .unwrap()
    }

    #[cached(key = "mut:<ids>", each = ids, ttl = 60)]
    async fn by_mutable_reference(&mut self, mut ids: Vec<u64>) -> HashMap<u64, String> {
        self.asked.add(&ids);
        self.tenant.push('!');
        ids.reverse();
        ids.into_iter().map(|id| (id, self.tenant.clone())).collect()
    }

    #[cached(
        key = "value:<self.tenant>:<ids>",
        each = ids,
        id = |row: &(String, u64)| row.0.as_str(),
        ttl = 60
    )]
    async fn by_value(self, ids: &Vec<&str>) -> Result<Vec<(String, u64)>, Failed> {
        self.asked.add(ids);
        drop(self.tenant);
        Ok(ids.iter().rev().map(|id| (id.to_string(), 7)).collect())
    }
}

/// Awaits a call for 1 and 2, and one for 2 and 3; they must have asked for `[1, 2]` and `[3]`.
macro_rules! asks_for_what_is_missing {
    ($asked:expr, |$ids:ident| $call:expr) => {
        Cache::in_memory()
            .scope(async {
                let $ids = [1, 2];
                let first = $call.await;
                let $ids = [2, 3];
                let second = $call.await;
                assert_eq!($asked.take(), ["[1, 2]", "[3]"]);
                (first, second)
            })
            .await
    };
}

mod background;
mod closures;

#[tokio::test]
async fn every_receiver() {
    let asked = Asked::default();
    let mut repo = Repo { asked: asked.clone(), tenant: "acme".into() };
    let (_, last) = asks_for_what_is_missing!(asked, |ids| repo.by_reference(&ids));
    assert_eq!(last, Ok(HashMap::from([(2, name(2)), (3, name(3))])));
    let shared = Arc::new(repo.clone());
    let (_, last) =
        asks_for_what_is_missing!(asked, |ids| Arc::clone(&shared).by_arc(ids.to_vec()));
    assert_eq!(last, BTreeMap::from([(2, name("acme")), (3, name("acme"))]));
    let (_, last) = asks_for_what_is_missing!(asked, |ids| repo.by_mutable_reference(ids.to_vec()));
    assert_eq!(last, HashMap::from([(2, "acme!".into()), (3, "acme!!".into())]));

    let scope = Cache::in_memory();
    let call = |ids: &[&'static str]| {
        let (repo, ids) = (repo.clone(), ids.to_vec());
        scope.scope(async move { repo.by_value(&ids).await })
    };
    let row = |id: &str| (id.to_owned(), 7);
    assert_eq!(call(&["a", "b"]).await, Ok(vec![row("a"), row("b")]));
    assert_eq!(call(&["c", "a", "c"]).await, Ok(vec![row("c"), row("a")]));
    assert_eq!(asked.take(), [r#"["a", "b"]"#, r#"["c"]"#]);
}

#[tokio::test]
async fn what_is_not_there_is_remembered_and_an_error_is_not() {
    let asked = Asked::default();
    let repo = Repo { asked: asked.clone(), tenant: "acme".into() };
    Cache::in_memory()
        .scope(async {
            for _ in 0..2 {
                assert_eq!(repo.by_reference(&[0, 1]).await.unwrap().len(), 1);
            }
            for _ in 0..2 {
                assert_eq!(repo.by_reference(&[1, 7]).await, Err(Failed));
            }
        })
        .await;
    assert_eq!(asked.take(), ["[0, 1]", "[7]", "[7]"]);
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    order: u64,
    number: u32,
}

#[cached(key = "line:<tenant>:<lines.order>:<lines.number>", each = lines, ttl = 60, skip(asked))]
async fn by_fields(asked: &mut Asked, tenant: String, lines: &[Line]) -> HashMap<Line, String> {
    asked.add(lines.iter().map(|line| line.number).collect::<Vec<_>>());
    let tenant = tenant + "!";
    lines.iter().map(|line| (line.clone(), tenant.clone())).collect()
}

#[cached(key = "generic:<ids>:<list>", each = ids, ttl = 60, skip(asked))]
async fn generic<K, const N: usize>(asked: &Asked, ids: &[K], list: [u8; N]) -> HashMap<K, String>
where
    K: KeyPart + Clone + Eq + std::hash::Hash + Debug + Display,
{
    asked.add(ids);
    ids.iter().map(|id| (id.clone(), name(id))).collect()
}

#[cached(key = "anonymous:<ids>", each = ids, id = |row: &u64| (*row).into(), ttl = 60, skip(asked))]
async fn anonymous(
    asked: &Asked,
    ids: &[impl KeyPart + Clone + Eq + std::hash::Hash + Debug + From<u64> + Into<u64>],
) -> Vec<u64> {
    asked.add(ids);
    ids.iter().map(|id| id.clone().into()).collect()
}

#[tokio::test]
async fn parameters_of_every_kind() {
    let mut asked = Asked::default();
    let seen = asked.clone();
    let line = |number| Line { order: 5, number };
    let (_, last) =
        asks_for_what_is_missing!(seen, |ids| by_fields(&mut asked, "acme".into(), &ids.map(line)));
    assert_eq!(last, HashMap::from([(line(2), "acme!".into()), (line(3), "acme!".into())]));
    let (_, last) = asks_for_what_is_missing!(asked, |ids| generic(&asked, &ids, [1, 2]));
    assert_eq!(last, HashMap::from([(2, name(2)), (3, name(3))]));
    let (_, last) =
        asks_for_what_is_missing!(asked, |ids| anonymous(&asked, &ids.map(|id: u64| id)));
    assert_eq!(last, [2_u64, 3]);
}

trait Finds {
    fn asked(&self) -> &Asked;

    #[cached(key = "default:<ids>", each = ids, ttl = 60)]
    async fn by_default(&self, ids: &[u64]) -> HashMap<u64, String> {
        self.asked().add(ids);
        ids.iter().map(|id| (*id, name(id))).collect()
    }
}

impl Finds for Repo {
    fn asked(&self) -> &Asked {
        &self.asked
    }
}

#[async_trait::async_trait]
trait Boxed {
    async fn find(&self, tenant: String, ids: Vec<u64>) -> HashMap<u64, String>;
    async fn find_borrowed(&self, ids: &[u64]) -> HashMap<u64, String>;
}

#[async_trait::async_trait]
impl Boxed for Repo {
    #[cached(key = "boxed:<self.tenant>:<tenant>:<ids>", each = ids, ttl = 60)]
    async fn find(&self, tenant: String, mut ids: Vec<u64>) -> HashMap<u64, String> {
        self.asked.add(&ids);
        ids.reverse();
        ids.into_iter().map(|id| (id, tenant.clone())).collect()
    }

    #[cached(key = "boxed:<self.tenant>:<ids>", each = ids, ttl = 60)]
    async fn find_borrowed(&self, ids: &[u64]) -> HashMap<u64, String> {
        self.asked.add(ids);
        ids.iter().map(|id| (*id, name(id))).collect()
    }
}

#[tokio::test]
async fn traits() {
    let asked = Asked::default();
    let repo = Repo { asked: asked.clone(), tenant: "acme".into() };
    asks_for_what_is_missing!(asked, |ids| repo.by_default(&ids));
    let object: &dyn Boxed = &repo;
    let (first, _) = asks_for_what_is_missing!(asked, |ids| object.find("t".into(), ids.to_vec()));
    assert_eq!(first, HashMap::from([(1, "t".into()), (2, "t".into())]));
    asks_for_what_is_missing!(asked, |ids| object.find_borrowed(&ids));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Row {
    id: u64,
}

/// What reads from what was written as a `Row`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct LaterRow {
    id: u64,
    #[serde(default)]
    name: String,
}

#[cached(key = "row:<id>", ttl = 60, skip(asked))]
async fn find(asked: &Asked, id: u64) -> Result<Option<Row>, Failed> {
    asked.add(id);
    Ok(Some(Row { id }))
}

const ROWS: Policy = Policy::ttl(60).stale_while_revalidate(30);

#[cached(key = "row:<ids>", each = ids, policy = ROWS, background, skip(asked))]
async fn find_many(asked: &Asked, ids: &[u64]) -> Result<HashMap<u64, Row>, Failed> {
    asked.add(ids);
    Ok(ids.iter().map(|&id| (id, Row { id })).collect())
}

#[cached(key = "row:<ids>", each = ids, ttl = 60, skip(asked))]
async fn find_many_later(asked: &Asked, ids: &[u64]) -> HashMap<u64, LaterRow> {
    asked.add(ids);
    ids.iter().map(|&id| (id, LaterRow { id, name: name(id) })).collect()
}

#[tokio::test]
async fn a_batch_and_a_function_that_finds_one_share_their_entries() {
    let asked = Asked::default();
    Cache::in_memory()
        .scope(async {
            find(&asked, 1).await.unwrap();
            assert_eq!(find_many(&asked, &[1, 2]).await.unwrap().len(), 2);
            assert_eq!(find(&asked, 2).await.unwrap(), Some(Row { id: 2 }));
        })
        .await;
    assert_eq!(asked.take(), ["1", "[2]"]);
}

#[tokio::test]
async fn the_layout_of_values_is_known() {
    let asked = Asked::default();
    Cache::in_memory()
        .scope(async {
            find(&asked, 1).await.unwrap();
            let later = find_many_later(&asked, &[1]).await;
            assert_eq!(later[&1].name, name(1), "the entry of another layout was read");
            find_many_later(&asked, &[2]).await;
            find(&asked, 2).await.unwrap();
        })
        .await;
    assert_eq!(asked.take(), ["1", "[1]", "[2]", "2"]);
}
