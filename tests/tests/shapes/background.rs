//! Loads that may go on where their callers are gone, in every form that a function can have: they own clones of what
//! they use.

use cache_runtime::Policy;

use super::*;

mod parameters;
mod traits;

#[derive(Clone)]
struct Repo<D> {
    cache: Cache,
    loads: Arc<Loads>,
    tenant: String,
    db: D,
}

impl<D: Fn(u64) -> User + Clone + Send + Sync + 'static> Repo<D> {
    #[cached(key = "ref:<self.tenant>:<id>", ttl = 60, stale_while_revalidate = 30, cache = self.cache)]
    async fn by_reference(&self, id: u64) -> User {
        self.loads.add_one();
        tokio::task::yield_now().await;
        (self.db)(id)
    }

    #[cached(key = "arc:<self.tenant>:<id>", ttl = 60, refresh_ahead = 0.8)]
    async fn by_arc(self: Arc<Self>, id: u64) -> User {
        self.loads.add_one();
        (self.db)(tokio::spawn(async move { id }).await.unwrap())
    }

    #[cached(key = "ref-arc:<id>", ttl = 60, refresh_ahead = xfetch)]
    async fn by_reference_to_an_arc(self: &Arc<Self>, id: u64) -> User {
        self.loads.add_one();
        let me = Arc::clone(self);
        (me.db)(id)
    }

    #[cached(key = "value:<id>", ttl = 60, stale_if_error = "1h", soft_timeout = "5s")]
    async fn by_value(mut self, id: u64) -> User {
        self.loads.add_one();
        self.tenant.clear();
        drop(self.tenant);
        (self.db)(id)
    }

    /// `self` in every corner of a body where it is not another one's.
    #[cached(key = "corners:<id>", ttl = 60, stale_while_revalidate = 30)]
    async fn corners(&self, id: u64) -> Vec<String> {
        struct Inner(u64);
        impl Inner {
            fn get(&self) -> u64 {
                self.0
            }
        }
        fn name<T: ToString>(this: &T) -> String {
            self::user(1).name + &this.to_string()
        }
        self.loads.add_one();
        let of_id = |id| format!("{} {id}", self.tenant);
        vec![of_id(Inner(id).get()), name(&self.tenant), Self::associated(id)]
    }

    fn associated(id: u64) -> String {
        id.to_string()
    }

    #[cached(
        key = "hooks:<id>:<name>",
        ttl = |user: &User| user.id + name.len() as u64,
        unless = |user: &User| user.name == self.tenant,
        stale_while_revalidate = 30,
    )]
    async fn hooks(&self, id: u64, name: &str) -> User {
        self.loads.add_one();
        User { id, name: name.to_owned() }
    }
}

fn repo() -> Repo<fn(u64) -> User> {
    let loads = Arc::default();
    Repo { cache: Cache::in_memory(), loads, tenant: "acme".into(), db: user }
}

#[tokio::test]
async fn every_receiver() {
    let repo = Arc::new(repo());
    let loads = &*repo.loads;
    assert_eq!(loads_once!(loads, repo.by_reference(1)), user(1));
    assert_eq!(loads_once!(loads, Arc::clone(&repo).by_arc(1)), user(1));
    assert_eq!(loads_once!(loads, repo.by_reference_to_an_arc(1)), user(1));
    assert_eq!(loads_once!(loads, Repo::clone(&repo).by_value(1)), user(1));
    assert_eq!(loads_once!(loads, repo.corners(1)), ["acme 1", "user 1acme", "1"]);
}

#[tokio::test]
async fn closures_over_the_value_own_what_they_look_at() {
    let repo = repo();
    assert_eq!(loads_once!(repo.loads, repo.hooks(1, "a")).name, "a");
    Cache::in_memory()
        .scope(async {
            repo.hooks(1, "acme").await;
            repo.hooks(1, "acme").await;
        })
        .await;
    assert_eq!(repo.loads.take(), 2, "a value was stored that `unless` excludes");
}

/// How often the thing was cloned.
struct Counted(Arc<Loads>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.add_one();
        Counted(Arc::clone(&self.0))
    }
}

#[cached(key = "cloned:<id>", ttl = 60, stale_while_revalidate = 30, skip(used, _unused))]
async fn cloned(used: Counted, _unused: &Counted, id: u64) -> u64 {
    let Counted(_) = used;
    id
}

#[tokio::test]
async fn only_what_a_load_uses_is_cloned_and_only_for_a_load() {
    let [used, unused] = [(); 2].map(|()| Counted(Arc::default()));
    let call = || cloned(Counted(Arc::clone(&used.0)), &unused, 1);
    Cache::in_memory()
        .scope(async {
            call().await;
            assert_eq!([used.0.take(), unused.0.take()], [1, 0], "for the load");
            call().await;
            assert_eq!([used.0.take(), unused.0.take()], [0, 0], "for the hit");
        })
        .await;
}

const GRACE: Policy = Policy::ttl(60).stale_while_revalidate(30).lock();

#[cached(key = "policy:<id>", policy = GRACE, background, ttl = 30, skip(loads))]
async fn by_policy(loads: Arc<Loads>, id: u64) -> u64 {
    loads.add_one();
    id
}

#[tokio::test]
async fn a_policy_with_loads_in_the_background() {
    let loads = Arc::<Loads>::default();
    assert_eq!(loads_once!(loads, by_policy(Arc::clone(&loads), 3)), 3);
}

/// The futures can be sent, as the loads can.
#[tokio::test]
async fn futures_are_send() {
    let repo = repo();
    let call = async move { repo.by_reference(1).await };
    assert_eq!(tokio::spawn(call).await.unwrap(), user(1));
}

/// A function that calls itself, through one that has its future in a box.
#[cached(key = "depth:<id>", ttl = 60, stale_while_revalidate = 30)]
async fn depth(id: u64) -> u64 {
    if id == 0 { 0 } else { boxed_depth(id / 2).await + 1 }
}

fn boxed_depth(id: u64) -> std::pin::Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(depth(id))
}

#[tokio::test]
async fn a_function_may_call_itself() {
    let cache = Cache::in_memory();
    assert_eq!(cache.scope(async { (depth(9).await, depth(4).await) }).await, (4, 3));
    let stats = cache.stats().total();
    assert_eq!((stats.loads, stats.hits), (5, 1));
}
