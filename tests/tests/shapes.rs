//! Every form that an annotated function can have, run for real: the second call is a hit, and the
//! body does what it does without the attribute.

use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_runtime::{Cache, CacheKey, KeyPart, cached, invalidates};
use serde::{Deserialize, Serialize};

/// Counts how often a body ran.
#[derive(Default)]
struct Loads(AtomicU32);

impl Loads {
    fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self) -> u32 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// An error that cannot be cloned.
#[derive(Debug, PartialEq)]
struct Failed;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

fn user(id: u64) -> User {
    let name = format!("user {id}");
    User { id, name }
}

/// Awaits the same call twice, in a cache of its own; the body must have run once.
macro_rules! loads_once {
    ($loads:expr, $call:expr) => {
        Cache::in_memory()
            .scope(async {
                let first = $call.await;
                assert_eq!(first, $call.await);
                assert_eq!($loads.take(), 1, "the second call was no hit");
                first
            })
            .await
    };
}

mod returns {
    use super::*;

    #[cached(key = "plain:<id>", ttl = 60, skip(loads))]
    async fn plain(loads: &Loads, id: u64) -> User {
        loads.add_one();
        user(id)
    }

    #[cached(key = "optional:<id>", ttl = 60, negative_ttl = 5, skip(loads))]
    async fn optional(loads: &Loads, id: u64) -> Option<User> {
        loads.add_one();
        (id > 0).then(|| user(id))
    }

    #[cached(key = "fallible:<id>", ttl = 60, skip(loads))]
    async fn fallible(loads: &Loads, id: u64) -> Result<User, Failed> {
        loads.add_one();
        (id > 0).then(|| user(id)).ok_or(Failed)
    }

    type Found<T> = Result<Option<T>, Failed>;

    #[cached(key = "alias:<id>", ttl = 60, negative_ttl = 5, skip(loads))]
    async fn through_an_alias(loads: &Loads, id: u64) -> Found<User> {
        loads.add_one();
        if id == 0 {
            return Ok(None);
        }
        Ok(Some(user(id)))
    }

    #[tokio::test]
    async fn every_shape_of_result() {
        let loads = Loads::default();
        assert_eq!(loads_once!(loads, plain(&loads, 1)), user(1));
        assert_eq!(loads_once!(loads, optional(&loads, 1)), Some(user(1)));
        assert_eq!(loads_once!(loads, optional(&loads, 0)), None);
        assert_eq!(loads_once!(loads, fallible(&loads, 1)), Ok(user(1)));
        assert_eq!(loads_once!(loads, through_an_alias(&loads, 1)), Ok(Some(user(1))));
        assert_eq!(loads_once!(loads, through_an_alias(&loads, 0)), Ok(None));
    }

    #[tokio::test]
    async fn an_error_is_not_kept() {
        let loads = Loads::default();
        Cache::in_memory()
            .scope(async {
                assert_eq!(fallible(&loads, 0).await, Err(Failed));
                assert_eq!(fallible(&loads, 0).await, Err(Failed));
                assert_eq!(loads.take(), 2);
            })
            .await;
    }
}

mod bodies {
    use super::*;

    #[cached(key = "question:<text>", ttl = 60, skip(loads))]
    async fn question_mark(
        loads: &Loads,
        text: &str,
    ) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        loads.add_one();
        let number: u64 = text.parse()?;
        if number == 7 {
            return Err("not seven".into());
        }
        Ok(number)
    }

    #[cached(key = "moved:<name>:<tags>", ttl = 60, skip(loads))]
    async fn moved(loads: &Loads, name: String, mut tags: Vec<String>) -> Vec<String> {
        loads.add_one();
        tags.push(name);
        tags
    }

    #[cached(key = "sum:<n>", ttl = 60, skip(loads))]
    async fn returns_from_a_loop(loads: &Loads, mut n: u64) -> u64 {
        loads.add_one();
        let mut sum = 0;
        loop {
            if n == 0 {
                return sum;
            }
            sum += n;
            n -= 1;
        }
    }

    #[cached(key = "inferred:<n>", ttl = 60, skip(loads))]
    async fn inferred_from_the_return_type(loads: &Loads, n: u64) -> HashMap<u64, Vec<String>> {
        loads.add_one();
        (0..n).map(|key| (key, Vec::default())).collect()
    }

    #[tokio::test]
    async fn bodies_do_as_without_the_attribute() {
        let loads = Loads::default();
        let question = |text| {
            let loads = &loads;
            async move { question_mark(loads, text).await.map_err(|error| error.to_string()) }
        };
        assert_eq!(loads_once!(loads, question("5")), Ok(5));
        assert!(question("x").await.unwrap_err().contains("invalid digit"));
        assert_eq!(question("7").await, Err("not seven".into()));
        loads.take();

        let tags = || vec!["a".to_owned()];
        let all = loads_once!(loads, moved(&loads, "b".into(), tags()));
        assert_eq!(all, ["a", "b"]);
        assert_eq!(loads_once!(loads, returns_from_a_loop(&loads, 4)), 10);
        assert_eq!(loads_once!(loads, inferred_from_the_return_type(&loads, 2)).len(), 2);
    }
}

mod parameters {
    use super::*;

    struct Path<T>(T);

    struct Page {
        number: u32,
        size: u32,
    }

    #[derive(KeyPart)]
    struct TenantId(u32);

    #[derive(KeyPart)]
    enum Plan {
        Free,
        Paid,
    }

    #[cached(key = "patterns:<id>:<number>:<size>:<pair.0>:<pair.1>", ttl = 60, skip(loads))]
    async fn patterns(
        loads: &Loads,
        Path(id): Path<u64>,
        Page { number, size }: Page,
        pair: (u8, &str),
        _: f64,
    ) -> String {
        loads.add_one();
        format!("{id} {number} {size} {pair:?}")
    }

    #[cached(key = "derived:<tenant>:<plan>:<r#type>", ttl = 60, skip(loads))]
    async fn derived(loads: &Loads, tenant: TenantId, plan: Plan, r#type: Option<u8>) -> String {
        loads.add_one();
        let plan = match plan {
            Plan::Free => "free",
            Plan::Paid => "paid",
        };
        format!("{} {plan} {:?}", tenant.0, r#type)
    }

    #[cached(key = "nameless:<cache>:<key>:<w>:<out>:<policy>", ttl = 60, skip(loads))]
    async fn names_of_ours(loads: &Loads, cache: u8, key: u8, w: u8, out: u8, policy: u8) -> u8 {
        loads.add_one();
        cache + key + w + out + policy
    }

    #[tokio::test]
    async fn parameters_of_every_kind() {
        let loads = Loads::default();
        let page = || Page { number: 2, size: 3 };
        let call = || patterns(&loads, Path(1), page(), (4, "x"), 0.5);
        assert_eq!(loads_once!(loads, call()), "1 2 3 (4, \"x\")");
        let call = || derived(&loads, TenantId(1), Plan::Paid, Some(2));
        assert_eq!(loads_once!(loads, call()), "1 paid Some(2)");
        let call = || derived(&loads, TenantId(1), Plan::Free, None);
        assert_eq!(loads_once!(loads, call()), "1 free None");
        assert_eq!(loads_once!(loads, names_of_ours(&loads, 1, 2, 3, 4, 5)), 15);
    }

    #[cached(key = "generic:<id>:<list>", ttl = 60, skip(loads))]
    async fn generic<'a, T, const N: usize>(loads: &'a Loads, id: T, list: [u8; N]) -> String
    where
        T: KeyPart + Display + Send + Sync + 'a,
    {
        loads.add_one();
        format!("{id} {list:?}")
    }

    #[cached(key = "anonymous:<id>", ttl = 60, skip(loads))]
    async fn anonymous(loads: &Loads, id: impl KeyPart + Debug) -> String {
        loads.add_one();
        format!("{id:?}")
    }

    #[tokio::test]
    async fn generic_functions() {
        let loads = Loads::default();
        assert_eq!(loads_once!(loads, generic(&loads, "a", [1, 2])), "a [1, 2]");
        assert_eq!(loads_once!(loads, generic(&loads, 5_u8, [])), "5 []");
        assert_eq!(loads_once!(loads, anonymous(&loads, Some(1_u8))), "Some(1)");
    }
}

mod options {
    use super::*;

    const TTL: Duration = Duration::from_secs(60);

    #[derive(CacheKey)]
    #[cache_key("by-key:<tenant>:<user.id>")]
    struct UserKey<'a> {
        tenant: &'a str,
        user: &'a User,
        #[cache_key(skip)]
        _trace: f64,
    }

    #[cached(key = UserKey { tenant, user, _trace: 0.5 }, ttl = TTL, skip(loads))]
    async fn by_key(loads: &Loads, tenant: &str, user: &User) -> String {
        loads.add_one();
        format!("{tenant} {}", user.name)
    }

    #[cached(key = format!("text:{id}"), ttl = |name: &String| name.len() as u64, skip(loads))]
    async fn by_text(loads: &Loads, id: u64) -> String {
        loads.add_one();
        id.to_string()
    }

    #[cached(
        key = "all:<id>",
        ttl = "1h30m",
        lock(lease = "500ms", wait = 1),
        negative_ttl = TTL / 2,
        version = 2,
        name = "all the options",
        when = id != 7,
        unless = |user: &User| user.id == 8,
        cache = cache,
        skip(loads),
    )]
    async fn all(cache: &Cache, loads: &Loads, id: u64) -> Result<Option<User>, Failed> {
        loads.add_one();
        Ok(Some(user(id)))
    }

    #[tokio::test]
    async fn keys_and_ttls_that_are_expressions() {
        let loads = Loads::default();
        assert_eq!(loads_once!(loads, by_key(&loads, "a", &user(1))), "a user 1");
        assert_eq!(loads_once!(loads, by_text(&loads, 1)), "1");
    }

    #[tokio::test]
    async fn all_options_at_once() {
        let (cache, loads) = (Cache::in_memory(), Loads::default());
        for (id, runs) in [(1, 1), (7, 2), (8, 2)] {
            for _ in 0..2 {
                assert_eq!(all(&cache, &loads, id).await, Ok(Some(user(id))));
            }
            assert_eq!(loads.take(), runs, "id {id}");
        }
        assert!(cache.stats().function("all the options").is_some());
        assert_eq!(cache.get::<User>("all:1:v2").await.unwrap(), Some(user(1)));
    }
}

mod methods {
    use super::*;

    struct Users<D> {
        cache: Cache,
        loads: Loads,
        tenant: String,
        db: D,
    }

    impl<D: Fn(u64) -> User + Send + Sync> Users<D> {
        #[cached(key = "ref:<self.tenant>:<id>", ttl = 60, cache = self.cache)]
        async fn by_reference(&self, id: u64) -> User {
            self.loads.add_one();
            (self.db)(id)
        }

        #[cached(key = "mut:<self.tenant>:<id>", ttl = 60)]
        async fn by_mutable_reference(&mut self, id: u64) -> User {
            self.loads.add_one();
            self.tenant.truncate(3);
            (self.db)(id)
        }

        #[cached(key = "arc:<self.tenant>:<id>", ttl = 60, cache = &self.cache)]
        async fn by_arc(self: Arc<Self>, id: u64) -> User {
            self.loads.add_one();
            tokio::spawn(async move { id }).await.unwrap();
            (self.db)(id)
        }

        #[cached(key = "value:<id>", ttl = 60, skip(loads))]
        async fn by_value(self, loads: &Loads, id: u64) -> User {
            loads.add_one();
            drop(self.tenant);
            (self.db)(id)
        }

        #[cached(key = "associated:<id>", ttl = 60, skip(loads))]
        async fn associated(loads: &Loads, id: u64) -> String {
            loads.add_one();
            format!("{} {id}", !std::any::type_name::<D>().is_empty())
        }

        #[invalidates("ref:<self.tenant>:<user.id>", cache = self.cache)]
        async fn update(&self, user: User) -> Result<(), Failed> {
            self.loads.add_one();
            if user.name.is_empty() {
                return Err(Failed);
            }
            drop(user);
            Ok(())
        }

        #[invalidates("ref:<self.tenant>:<id>", "mut:<self.tenant>:<id>")]
        async fn forget(&mut self, id: u64) {
            self.tenant = format!("forgot {id}");
        }
    }

    fn users() -> Users<fn(u64) -> User> {
        Users {
            cache: Cache::in_memory(),
            loads: Loads::default(),
            tenant: "acme".into(),
            db: user,
        }
    }

    #[tokio::test]
    async fn every_receiver() {
        let mut users = users();
        assert_eq!(loads_once!(users.loads, users.by_reference(1)), user(1));

        let shared = Arc::new(self::users());
        assert_eq!(loads_once!(shared.loads, Arc::clone(&shared).by_arc(1)), user(1));

        let loads = Loads::default();
        assert_eq!(loads_once!(loads, self::users().by_value(&loads, 1)), user(1));
        assert_eq!(loads_once!(loads, Users::<fn(u64) -> User>::associated(&loads, 1)), "true 1");

        users.tenant = "abc".into();
        assert_eq!(loads_once!(users.loads, users.by_mutable_reference(1)), user(1));
    }

    #[tokio::test]
    async fn a_write_makes_the_next_read_a_load() {
        let users = users();
        for written in [user(1), User { id: 1, name: String::new() }] {
            users.by_reference(1).await;
            users.loads.take();
            let failed = written.name.is_empty();
            assert_eq!(users.update(written).await.is_err(), failed);
            users.by_reference(1).await;
            assert_eq!(users.loads.take(), 2, "one update and one load");
        }
    }

    #[cached(key = "versioned:<id>", ttl = 60, version = 2, skip(loads))]
    async fn versioned(loads: &Loads, id: u64) -> u64 {
        loads.add_one();
        id
    }

    #[invalidates("versioned:<id>", version = 2)]
    async fn forget_versioned(id: u64) {
        let _ = id;
    }

    macro_rules! by_macro {
        ($name:ident, $key:literal, $ttl:literal) => {
            #[cached(key = $key, ttl = $ttl, skip(loads))]
            async fn $name(loads: &Loads, id: u64) -> u64 {
                loads.add_one();
                id
            }
        };
    }

    by_macro!(literals_of_a_macro, "macro:<id>", "1h");

    #[tokio::test]
    async fn literals_can_come_from_a_macro() {
        let loads = Loads::default();
        assert_eq!(loads_once!(loads, literals_of_a_macro(&loads, 7)), 7);
    }

    #[cached(key = "layered:<id>", ttl = 60, lock, skip(loads))]
    async fn outer_layer(loads: &Loads, id: u64) -> u64 {
        inner_layer(loads, id).await
    }

    #[cached(key = "layered:<id>", ttl = 60, lock, skip(loads))]
    async fn inner_layer(loads: &Loads, id: u64) -> u64 {
        loads.add_one();
        id
    }

    #[tokio::test]
    async fn a_load_that_asks_for_its_own_key_does_not_wait_for_itself() {
        let loads = Loads::default();
        let call = tokio::time::timeout(Duration::from_secs(5), async {
            loads_once!(loads, outer_layer(&loads, 7))
        });
        assert_eq!(call.await, Ok(7));
    }

    async fn large() -> u64 {
        let kept = [1_u8; 10_000];
        tokio::task::yield_now().await;
        kept.iter().map(|&byte| u64::from(byte)).sum()
    }

    #[cached(key = "large", ttl = 60)]
    async fn large_and_cached() -> u64 {
        large().await
    }

    #[invalidates("large")]
    async fn large_writer() -> u64 {
        large().await
    }

    /// Futures that hold the body's more than once would double in size with every layer of callers.
    #[test]
    fn a_body_is_held_once() {
        let plain = size_of_val(&large());
        let [cached, writer] = [size_of_val(&large_and_cached()), size_of_val(&large_writer())];
        println!("{plain} bytes, cached {cached}, writer {writer}");
        assert!(plain > 10_000);
        assert!(cached < plain + 5_000 && writer < plain + 5_000, "{plain}, {cached}, {writer}");
    }

    #[tokio::test]
    async fn a_writer_of_a_version_reaches_its_readers() {
        let loads = Loads::default();
        let cache = Cache::in_memory();
        let calls = async {
            versioned(&loads, 1).await;
            assert_eq!(cache.get::<u64>("versioned:1:v2").await, Ok(Some(1)));
            forget_versioned(1).await;
            versioned(&loads, 1).await;
        };
        cache.scope(calls).await;
        assert_eq!(loads.take(), 2, "the write reached no reader");
    }

    #[tokio::test]
    async fn a_writer_without_a_result() {
        let mut users = users();
        Cache::in_memory().scope(users.forget(5)).await;
        assert_eq!(users.tenant, "forgot 5");
    }
}

mod traits {
    use super::*;

    trait Native {
        fn loads(&self) -> &Loads;

        async fn find(&self, id: u64) -> User;

        #[cached(key = "native-default:<id>", ttl = 60)]
        async fn by_default(&self, id: u64) -> Option<User> {
            self.loads().add_one();
            Some(self.find(id).await)
        }
    }

    #[async_trait::async_trait]
    trait Boxed: Send + Sync {
        fn loads(&self) -> &Loads;

        async fn find(&self, id: u64, name: &str, pair: (u8, Vec<u8>)) -> Result<User, Failed>;

        async fn update(&mut self, user: &User) -> Result<(), Failed>;

        #[cached(key = "boxed-default:<id>", ttl = 60)]
        async fn by_default(&self, id: u64) -> Option<User> {
            self.loads().add_one();
            if id == 0 {
                return None;
            }
            self.find(id, "default", (1, Vec::new())).await.ok()
        }
    }

    #[derive(Default)]
    struct Repo {
        loads: Loads,
        /// How often `find` itself ran.
        finds: Loads,
        tenant: String,
    }

    impl Native for Repo {
        fn loads(&self) -> &Loads {
            &self.loads
        }

        #[cached(key = "native:<self.tenant>:<id>", ttl = 60)]
        async fn find(&self, id: u64) -> User {
            self.finds.add_one();
            user(id)
        }
    }

    #[async_trait::async_trait]
    impl Boxed for Repo {
        fn loads(&self) -> &Loads {
            &self.loads
        }

        #[cached(key = "boxed:<self.tenant>:<id>:<name>:<first>", ttl = 60, skip(rest))]
        async fn find(
            &self,
            id: u64,
            name: &str,
            (first, mut rest): (u8, Vec<u8>),
        ) -> Result<User, Failed> {
            self.finds.add_one();
            rest.push(first);
            if name.is_empty() {
                return Err(Failed);
            }
            let name = format!("{name} {rest:?}");
            Ok(User { id, name })
        }

        #[invalidates("boxed:<self.tenant>:<user.id>:a:1")]
        async fn update(&mut self, user: &User) -> Result<(), Failed> {
            if user.id == 0 {
                return Err(Failed);
            }
            Ok(())
        }
    }

    #[tokio::test]
    async fn native_traits() {
        let repo = Repo::default();
        assert_eq!(loads_once!(repo.finds, Native::find(&repo, 1)), user(1));
        assert_eq!(loads_once!(repo.loads, Native::by_default(&repo, 1)), Some(user(1)));
    }

    #[tokio::test]
    async fn async_trait() {
        let mut repo: Box<Repo> = Box::default();
        let object: &dyn Boxed = &*repo;
        let found = loads_once!(repo.finds, object.find(1, "a", (1, vec![0])));
        assert_eq!(found.unwrap().name, "a [0, 1]");
        assert_eq!(object.find(1, "", (1, vec![])).await, Err(Failed));
        let found = loads_once!(repo.loads, object.by_default(1));
        assert_eq!(found.unwrap().name, "default [1]");
        assert_eq!(object.by_default(0).await, None);

        Cache::in_memory()
            .scope(async {
                Boxed::find(&*repo, 1, "a", (1, vec![])).await.unwrap();
                repo.finds.take();
                repo.update(&user(1)).await.unwrap();
                assert_eq!(repo.update(&user(0)).await, Err(Failed));
                Boxed::find(&*repo, 1, "a", (1, vec![])).await.unwrap();
                assert_eq!(repo.finds.take(), 1, "the update left the old value");
            })
            .await;
    }
}

mod futures {
    use super::*;

    #[cached(key = "send:<id>", ttl = 60, lock)]
    async fn reader(id: u64) -> Result<User, Failed> {
        tokio::task::yield_now().await;
        Ok(user(id))
    }

    #[invalidates("send:<id>")]
    async fn writer(id: u64) -> Result<u64, Failed> {
        tokio::task::yield_now().await;
        Ok(id)
    }

    /// An `Rc` across an await: the future is not `Send`, and need not be.
    #[invalidates("send:<id>")]
    async fn not_send(id: u64) -> u64 {
        let id = std::rc::Rc::new(id);
        tokio::task::yield_now().await;
        *id
    }

    /// The body's tail is coerced to the return type, as it is without the attribute.
    #[invalidates("send:<id>")]
    async fn coerced(id: u64) -> Box<dyn Fn(u64) -> u64 + Send> {
        if id == 0 {
            return Box::new(|n| n);
        }
        Box::new(move |n| n + id)
    }

    #[invalidates("send:<id>")]
    async fn borrowed(id: u64, text: &str) -> &str {
        &text[..usize::try_from(id).unwrap()]
    }

    #[invalidates("send:<id>")]
    async fn opaque(id: u64) -> impl Iterator<Item = u64> {
        0..id
    }

    #[invalidates("send:<id>")]
    #[invalidates("send:1<id>")]
    async fn stacked(id: u64) -> u64 {
        id
    }

    #[tokio::test]
    async fn futures_are_send_where_they_were() {
        let cache = Cache::in_memory();
        let spawned =
            tokio::spawn(
                async move { cache.scope(async { (reader(1).await, writer(1).await) }).await },
            );
        assert_eq!(spawned.await.unwrap(), (Ok(user(1)), Ok(1)));
    }

    #[tokio::test]
    async fn writers_return_anything() {
        let run = async {
            assert_eq!(not_send(2).await, 2);
            assert_eq!(coerced(0).await(1) + coerced(2).await(1), 4);
            assert_eq!(borrowed(2, "abc").await, "ab");
            assert_eq!(opaque(3).await.sum::<u64>(), 3);
            assert_eq!(stacked(3).await, 3);
        };
        Cache::in_memory().scope(run).await;
    }
}
