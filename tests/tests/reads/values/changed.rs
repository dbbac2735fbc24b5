//! Values that their encoding changes, as a password that serde hides: whoever asks gets what the source says, nobody gets
//! the changed one, and it is said once.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cache_runtime::{
    Cache, CacheKey, Error, FunctionStats, Loader, Policy, ReadThrough, WriteBehind, cached,
    write_behind, write_through,
};
use cache_tests::{herd::counters, log::Log, stores::on_each_store};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

const MINUTE: Policy = Policy::ttl(60);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    /// Hidden from clients.
    #[serde(skip_serializing, default)]
    password: String,
}

fn user(id: u64) -> User {
    User { id, password: format!("hash {id}") }
}

/// The same without `PartialEq`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Opaque(User);

/// A source that takes its time, so that callers share its loads, and counts them.
#[derive(Clone, Default)]
struct Users(Arc<AtomicU64>);

impl Users {
    async fn load<T>(&self, value: T) -> T {
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        value
    }

    fn loads(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

#[cached(key = "user:<id>", ttl = 60, lock, cache = cache, skip(cache, users), name = "find")]
async fn find(cache: &Cache, users: &Users, id: u64) -> Result<Option<User>, Infallible> {
    Ok(users.load(Some(user(id))).await)
}

#[cached(key = "user:<id>", ttl = 60, stale_while_revalidate = 60, cache = cache, skip(cache, users), name = "swr")]
async fn swr(cache: &Cache, users: &Users, id: u64) -> User {
    users.load(user(id)).await
}

#[cached(key = "user:<ids>", each = ids, ttl = 60, cache = cache, skip(cache, users), name = "many")]
async fn many(cache: &Cache, users: &Users, ids: &[u64]) -> HashMap<u64, User> {
    users.load(ids.iter().map(|&id| (id, user(id))).collect()).await
}

#[cached(key = "user:<ids>", each = ids, id = |user: &User| user.id, group, ttl = 60, cache = cache,
    skip(cache, users), name = "groups")]
async fn groups(cache: &Cache, users: &Users, ids: &[u64]) -> Vec<User> {
    users.load(ids.iter().map(|&id| user(id)).collect()).await
}

/// Nothing is stored, no call was a hit, and it is counted. A call that meets the lease of the last one, which is about to be
/// given up, does not try to store anything. Says how often the source was asked.
async fn changed(cache: &Cache, name: &'static str, users: &Users) -> u64 {
    let FunctionStats { hits, changed, .. } = counters(cache, name);
    assert_eq!(cache.get::<Option<User>>("user:1").await, Ok(None), "nothing is stored");
    assert_eq!(hits, 0, "{name}");
    assert!(changed > 0, "{name}");
    users.loads()
}

#[tokio::test]
async fn a_hidden_field_is_what_the_source_says_at_each_call() {
    let (log, caches) = (Log::listen(), AtomicU64::new(0));
    on_each_store(async |cache| {
        caches.fetch_add(1, Ordering::Relaxed);
        let users = Users::default();
        for _ in 0..3 {
            assert_eq!(find(&cache, &users, 1).await, Ok(Some(user(1))));
        }
        assert_eq!(changed(&cache, "find", &users).await, 3);
        // Each has rows of its own: none meets the lease of another one.
        for _ in 0..3 {
            assert_eq!(swr(&cache, &users, 2).await, user(2));
            assert_eq!(many(&cache, &users, &[3, 4]).await[&3], user(3));
            assert_eq!(groups(&cache, &users, &[5]).await, [user(5)]);
        }
        for name in ["swr", "many"] {
            assert!(counters(&cache, name).changed > 0, "{name}");
        }
        assert_eq!(changed(&cache, "groups", &users).await, 9);
    })
    .await;
    let said = log.text().matches("comes back from its encoding as another one").count();
    assert_eq!(said as u64, 4 * caches.into_inner(), "once for each function of a cache");
}

#[tokio::test]
async fn those_who_share_a_load_get_what_a_hit_would_give_or_load_for_themselves() {
    on_each_store(async |cache| {
        let users = Users::default();
        let found = join_all((0..20).map(|_| find(&cache, &users, 1))).await;
        assert!(found.into_iter().all(|found| found == Ok(Some(user(1)))));
        assert_eq!(changed(&cache, "find", &users).await, 20, "nobody is handed a copy");
    })
    .await;
}

#[cached(key = "generic:<id>", ttl = 60, cache = cache, skip(cache, users, T, value), name = "bounded")]
async fn bounded<T>(cache: &Cache, users: &Users, id: u64, value: T) -> T
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    users.load(value).await
}

#[cached(key = "unbounded:<id>", ttl = 60, cache = cache, skip(cache, users, T, value), name = "unbounded")]
async fn unbounded<T>(cache: &Cache, users: &Users, id: u64, value: T) -> T
where
    T: Serialize + DeserializeOwned,
{
    users.load(value).await
}

#[cached(key = "opaque:<id>", ttl = 60, same = |a: &Opaque, b: &Opaque| a.0 == b.0, cache = cache,
    skip(cache, users), name = "opaque")]
async fn opaque(cache: &Cache, users: &Users, id: u64) -> Option<Opaque> {
    users.load(Some(Opaque(user(id)))).await
}

#[cached(key = "lenient:<id>", ttl = 60, same = |a: &User, b: &User| a.id == b.id, cache = cache,
    skip(cache, users), name = "lenient")]
async fn lenient(cache: &Cache, users: &Users, id: u64) -> User {
    users.load(user(id)).await
}

#[tokio::test]
async fn what_compares_values_comes_from_the_type_or_from_the_attribute() {
    on_each_store(async |cache| {
        let users = Users::default();
        for _ in 0..2 {
            assert_eq!(bounded(&cache, &users, 1, user(1)).await, user(1));
            opaque(&cache, &users, 1).await;
        }
        for name in ["bounded", "opaque"] {
            let FunctionStats { hits, changed, .. } = counters(&cache, name);
            assert!(changed > 0 && hits == 0, "{name}");
        }
        assert_eq!(users.loads(), 4);
        // Nothing can be said of a type without a bound, and `same` may say that the field does not matter.
        for _ in 0..2 {
            unbounded(&cache, &users, 1, user(1)).await;
            lenient(&cache, &users, 1).await;
        }
        assert_eq!((counters(&cache, "unbounded").hits, counters(&cache, "lenient").hits), (1, 1));
        assert_eq!(users.loads(), 2);
    })
    .await;
}

#[cached(key = "value:<id>", ttl = 60, cache = cache, skip(cache, users, T, value), name = "value")]
async fn value<T>(cache: &Cache, users: &Users, id: u64, value: &T) -> T
where
    T: Clone + Serialize + DeserializeOwned,
{
    users.load(value.clone()).await
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    value: Option<f64>,
    nested: Option<Option<u8>>,
    unit: Option<()>,
}

/// Of a type that is not known to be comparable, too.
#[tokio::test]
async fn what_json_would_write_as_null_is_loaded_each_time() {
    let (log, caches) = (Log::listen(), AtomicU64::new(0));
    on_each_store(async |cache| {
        caches.fetch_add(1, Ordering::Relaxed);
        let users = Users::default();
        let good = Reading { value: Some(1.5), nested: Some(Some(1)), unit: None };
        let bad = [
            Reading { value: Some(f64::INFINITY), ..good.clone() },
            Reading { value: Some(f64::NEG_INFINITY), ..good.clone() },
            Reading { nested: Some(None), ..good.clone() },
            Reading { unit: Some(()), ..good.clone() },
        ];
        for (id, reading) in (0..).zip(&bad) {
            for _ in 0..2 {
                assert_eq!(value(&cache, &users, id, reading).await, *reading);
            }
        }
        // The second call may meet the lease of the first one.
        assert!((4..=8).contains(&counters(&cache, "value").unencodable));
        assert_eq!(users.loads(), 8);
        let nan = Reading { value: Some(f64::NAN), ..good.clone() };
        for _ in 0..2 {
            assert!(value(&cache, &users, 10, &nan).await.value.is_some_and(f64::is_nan));
            assert_eq!(value(&cache, &users, 11, &good).await, good);
        }
        assert!((5..=10).contains(&counters(&cache, "value").unencodable));
        assert_eq!((counters(&cache, "value").hits, users.loads()), (1, 3));
    })
    .await;
    let said = log.text().matches("a value cannot be cached, and is loaded each time").count();
    assert_eq!(said as u64, caches.into_inner(), "once for each function of a cache");
}

#[cached(key = "audited:<id>", ttl = 60, audit = 1.0, cache = cache, skip(cache, users), name = "audited")]
async fn audited(cache: &Cache, users: &Users, id: u64) -> User {
    users.load(user(id)).await
}

#[tokio::test]
async fn an_audit_compares_values_and_not_their_encodings() {
    on_each_store(async |cache| {
        let users = Users::default();
        // As an older release may have left it.
        cache.try_put("audited:1", &user(1), 60).await.expect("the store is there");
        assert_eq!(audited(&cache, &users, 1).await, user(1));
        let FunctionStats { audits, stale_detected, .. } = counters(&cache, "audited");
        assert_eq!((audits, stale_detected), (1, 1));
        let without = User { password: String::new(), ..user(2) };
        cache.try_put("reading:2", &without, 60).await.expect("the store is there");
        let policy = MINUTE.audit(1.0).name("compared");
        let same = cache.same(PartialEq::eq);
        let found = same.get_or_load("reading:2", &policy, async || Some(without.clone())).await;
        assert_eq!(found, Some(without));
        assert_eq!(counters(&cache, "compared").stale_detected, 0);
    })
    .await;
}

#[write_through(key = "user:<user.id>", ttl = 60, cache = cache, name = "save")]
async fn save(cache: &Cache, user: &User) -> Result<User, Infallible> {
    Ok(user.clone())
}

#[write_through(key = "user:<user.id>", ttl = 60, value = user, same = |a: &User, b: &User| a.id == b.id,
    cache = cache, name = "save leniently")]
async fn save_leniently(cache: &Cache, user: &User) -> Result<(), Infallible> {
    Ok(())
}

#[tokio::test]
async fn a_writer_leaves_no_changed_value() {
    on_each_store(async |cache| {
        let users = Users::default();
        assert_eq!(save(&cache, &user(1)).await, Ok(user(1)));
        assert_eq!(find(&cache, &users, 1).await, Ok(Some(user(1))));
        assert_eq!((counters(&cache, "save").changed, users.loads()), (1, 1));
        assert_eq!(save_leniently(&cache, &user(1)).await, Ok(()));
        let left = cache.get::<User>("user:1").await.expect("the store is there");
        assert_eq!(left, Some(User { password: String::new(), ..user(1) }));
    })
    .await;
}

struct Table;

impl Table {
    #[write_behind(queue = "users", key = "user:<user.id>", ttl = 60, enqueue = write(user), cache = Cache::global())]
    async fn write_all(&self, users: Vec<User>) -> Result<(), Infallible> {
        drop(users);
        Ok(())
    }
}

impl Clone for Table {
    fn clone(&self) -> Self {
        Table
    }
}

#[tokio::test]
async fn a_queue_refuses_what_would_be_changed_in_the_database() {
    let refused = Table.write(&user(1)).await;
    assert!(matches!(refused, Err(Error::Codec(_))), "{refused:?}");
    assert_eq!(Table.write(&User { password: String::new(), ..user(2) }).await, Ok(()));
    on_each_store(async |cache| {
        let queue: WriteBehind<User> = cache.write_behind("{users}", &MINUTE);
        let same = queue.clone().same(PartialEq::eq);
        assert!(matches!(same.write("{users}:1", &user(1)).await, Err(Error::Codec(_))));
        assert_eq!(queue.write("{users}:1", &user(1)).await, Ok(()), "it is not compared");
    })
    .await;
}

#[derive(Clone, PartialEq, Eq, Hash, CacheKey)]
#[cache_key("user:<id>", value = User)]
struct UserKey {
    id: u64,
}

impl Loader for Users {
    type Key = UserKey;
    type Value = User;
    type Error = Infallible;

    async fn load(&self, key: &UserKey) -> Result<Option<User>, Infallible> {
        Ok(Users::load(self, Some(user(key.id))).await)
    }
}

#[tokio::test]
async fn calls_without_a_macro_can_compare_too() {
    on_each_store(async |cache| {
        let users = Users::default();
        let key = || UserKey { id: 1 };
        let all = ReadThrough::new(cache.clone(), MINUTE, users.clone()).same(PartialEq::eq);
        for _ in 0..2 {
            assert_eq!(all.get(&key()).await, Ok(Some(user(1))));
            assert_eq!(all.get_many(&[key()]).await, Ok(vec![Some(user(1))]));
            assert_eq!(all.refresh(&key()).await, Ok(Some(user(1))));
        }
        assert!(matches!(all.try_put(&key(), &user(1)).await, Err(Error::Codec(_))));
        assert_eq!(changed(&cache, "read_through", &users).await, 6);

        let same = cache.same(|a: &User, b| a == b);
        let tagged = cache.tagged(["users"]).same(|a: &User, b| a == b);
        // Each has a row of its own: none meets the lease of another one.
        let key = |id| UserKey { id };
        let one = |id| async move || Ok::<_, Infallible>(user(id));
        let batch = async |ids: Vec<u64>| ids.into_iter().map(|id| (id, user(id))).collect();
        for _ in 0..2 {
            assert_eq!(same.get_or_load(key(2), &MINUTE, one(2)).await, Ok(user(2)));
            let owned = || async { Ok::<_, Infallible>(user(3)) };
            assert_eq!(same.get_or_load_owned(key(3), &MINUTE, owned).await, Ok(user(3)));
            assert_eq!(tagged.get_or_load(key(4), &MINUTE, one(4)).await, Ok(user(4)));
            let found: HashMap<u64, User> =
                same.get_or_load_many(&[5], |&id| key(id), &MINUTE, batch).await;
            assert_eq!(found[&5], user(5));
            assert_eq!(same.write_through(key(6), &MINUTE, one(6)).await, Ok(user(6)));
        }
        assert_eq!(changed(&cache, "get_or_load", &users).await, 0);
        for name in ["get_or_load_owned", "get_or_load_many", "write_through"] {
            let FunctionStats { hits, changed, .. } = counters(&cache, name);
            assert!(changed > 0 && hits == 0, "{name}");
        }
    })
    .await;
}
