//! Batches whose loads may go on where their callers are gone, in every form that a function over a list can have.

use super::*;

#[derive(Clone)]
struct Clonable {
    asked: Asked,
    tenant: String,
}

impl Clonable {
    #[cached(key = "ref:<self.tenant>:<ids>", each = ids, ttl = 60, stale_while_revalidate = 30)]
    async fn by_reference(&self, ids: &[u64]) -> Result<HashMap<u64, String>, Failed> {
        self.asked.add(ids);
        tokio::task::yield_now().await;
        Ok(ids.iter().map(|id| (*id, name(id))).collect())
    }

    #[cached(key = "arc:<self.tenant>:<ids>", each = ids, ttl = 60, refresh_ahead = 0.8)]
    async fn by_arc(self: Arc<Self>, ids: Vec<u64>) -> BTreeMap<u64, String> {
        self.asked.add(&ids);
        tokio::spawn(async move { ids.iter().map(|id| (*id, name(&self.tenant))).collect() })
            .await
            .unwrap()
    }

    #[cached(key = "value:<self.tenant>:<ids>", each = ids, ttl = 60, refresh_ahead = xfetch)]
    async fn by_value(mut self, mut ids: Vec<u64>) -> HashMap<u64, String> {
        self.asked.add(&ids);
        self.tenant.push('!');
        ids.reverse();
        ids.into_iter().map(|id| (id, self.tenant.clone())).collect()
    }

    #[cached(
        key = "list:<ids>",
        each = ids,
        id = |name| name[..1].parse().unwrap_or_default(),
        ttl = |name: &String| name.len() as u64 + extra.len() as u64,
        unless = |name: &String| *name == self.tenant,
        stale_if_error = 60,
        soft_timeout = "5s",
        audit = 0.000_001,
        skip(extra)
    )]
    async fn hooks(&self, extra: &str, ids: &[u64]) -> Vec<String> {
        self.asked.add(ids);
        ids.iter().map(|id| format!("{id}{extra}")).collect()
    }
}

#[tokio::test]
async fn every_receiver() {
    let asked = Asked::default();
    let repo = Clonable { asked: asked.clone(), tenant: "1x".into() };
    let shared = Arc::new(repo.clone());
    let (_, last) = asks_for_what_is_missing!(asked, |ids| repo.by_reference(&ids));
    assert_eq!(last, Ok(HashMap::from([(2, name(2)), (3, name(3))])));
    asks_for_what_is_missing!(asked, |ids| Arc::clone(&shared).by_arc(ids.to_vec()));
    let (_, last) = asks_for_what_is_missing!(asked, |ids| repo.clone().by_value(ids.to_vec()));
    assert_eq!(last, HashMap::from([(2, "1x!".into()), (3, "1x!".into())]));
}

#[tokio::test]
async fn closures_over_the_value_own_what_they_look_at() {
    let asked = Asked::default();
    let repo = Clonable { asked: asked.clone(), tenant: "1x".into() };
    Cache::in_memory()
        .scope(async {
            for _ in 0..2 {
                let found = repo.hooks("x", &[1, 2]).await;
                assert_eq!(found, ["1x", "2x"]);
            }
        })
        .await;
    assert_eq!(asked.take(), ["[1, 2]", "[1]"], "a value was stored that `unless` excludes");
}

#[cached(
    key = "generic:<text>:<list>:<ids>",
    each = ids,
    ttl = 60,
    stale_while_revalidate = 30,
    skip(asked)
)]
async fn generic<K, const N: usize>(
    asked: &Asked,
    mut text: &str,
    ids: &[K],
    mut list: [u8; N],
) -> HashMap<K, String>
where
    K: KeyPart + Clone + Eq + std::hash::Hash + Debug + Send + Sync + 'static,
{
    asked.add(ids);
    text = text.trim();
    list[0] += 1;
    ids.iter().map(|id| (id.clone(), format!("{text} {list:?} {id:?}"))).collect()
}

#[tokio::test]
async fn parameters_of_every_kind() {
    let asked = Asked::default();
    let (_, last) = asks_for_what_is_missing!(asked, |ids| generic(&asked, " a ", &ids, [1, 2]));
    assert_eq!(last, HashMap::from([(2, "a [2, 2] 2".into()), (3, "a [2, 2] 3".into())]));
}

#[async_trait::async_trait]
trait Boxed {
    async fn find(&self, tenant: String, ids: &[u64]) -> HashMap<u64, String>;
}

#[async_trait::async_trait]
impl Boxed for Clonable {
    #[cached(key = "boxed:<self.tenant>:<tenant>:<ids>", each = ids, ttl = 60, refresh_ahead = 0.5)]
    async fn find(&self, tenant: String, ids: &[u64]) -> HashMap<u64, String> {
        self.asked.add(ids);
        let tenant = tenant + "!";
        ids.iter().map(|id| (*id, tenant.clone())).collect()
    }
}

trait Native {
    fn asked(&self) -> &Asked;

    #[cached(
        key = "default:<ids>",
        each = ids,
        id = |row: &(u64, u64)| row.0,
        group,
        ttl = 60,
        stale_while_revalidate = 30
    )]
    async fn by_default(&self, ids: &[u64]) -> Vec<(u64, u64)>
    where
        Self: Clone + Send + Sync + 'static,
    {
        self.asked().add(ids);
        ids.iter().flat_map(|&id| [(id, 1), (id, 2)]).collect()
    }
}

impl Native for Clonable {
    fn asked(&self) -> &Asked {
        &self.asked
    }
}

#[tokio::test]
async fn traits() {
    let asked = Asked::default();
    let repo = Clonable { asked: asked.clone(), tenant: "acme".into() };
    asks_for_what_is_missing!(asked, |ids| repo.by_default(&ids));
    let object: &dyn Boxed = &repo;
    asks_for_what_is_missing!(asked, |ids| object.find("t".into(), &ids));
}

/// The futures can be sent, as the loads can.
#[tokio::test]
async fn futures_are_send() {
    let repo = Clonable { asked: Asked::default(), tenant: "acme".into() };
    let cache = Cache::in_memory();
    let call = async move { cache.scope(repo.by_reference(&[1, 2])).await };
    assert_eq!(tokio::spawn(call).await.unwrap().unwrap().len(), 2);
}

/// How often the thing was cloned.
struct Counted(Arc<Loads>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.add_one();
        Counted(Arc::clone(&self.0))
    }
}

#[cached(key = "cloned:<ids>", each = ids, ttl = 60, stale_while_revalidate = 30, skip(used))]
async fn cloned(used: Counted, ids: &[u64]) -> Vec<(u64, u64)> {
    let Counted(_) = used;
    ids.iter().map(|&id| (id, id)).collect()
}

#[tokio::test]
async fn what_a_load_uses_is_cloned_only_for_a_load() {
    let used = Arc::new(Loads::default());
    Cache::in_memory()
        .scope(async {
            cloned(Counted(Arc::clone(&used)), &[1, 2]).await;
            assert_eq!(used.take(), 1, "for the load");
            cloned(Counted(Arc::clone(&used)), &[1, 2]).await;
            assert_eq!(used.take(), 0, "for the hits");
        })
        .await;
}
