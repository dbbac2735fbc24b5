//! Functions that keep something else than their bodies return: nobody gets what is not kept, with and without a cache.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use cache_runtime::{Cache, Policy, cached, write_through};
use cache_tests::{source::Source, stores::on_each_store};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    secret: String,
}

impl User {
    fn loaded(id: u64) -> User {
        User { id, secret: "hash".into() }
    }

    fn public(self) -> User {
        User { secret: String::new(), ..self }
    }

    fn marked(self, mark: &str) -> User {
        User { secret: mark.into(), ..self }
    }
}

/// What everybody is to get.
fn public(id: u64) -> User {
    User::loaded(id).public()
}

const USERS: Policy = Policy::ttl(60).lock();

#[cached(
    key = "user:<id>",
    policy = USERS,
    value = |user| User { secret: String::new(), ..user },
    skip(source, use_cache),
    when = use_cache,
    cache = cache,
)]
async fn find(
    cache: &Cache,
    source: &Source,
    id: u64,
    use_cache: bool,
) -> Result<Option<User>, ()> {
    Ok((source.query().await > 0 && id != 0).then(|| User::loaded(id)))
}

/// With copies in this process, of which everybody gets the same one.
#[cached(
    key = "shared:<id>",
    ttl = 60,
    local,
    value = |user: Arc<User>| Arc::new(User::clone(&user).public()),
    cache = cache,
)]
async fn shared(cache: &Cache, id: u64) -> Arc<User> {
    Arc::new(User::loaded(id))
}

/// The closure looks at parameters that the body takes, and the ttl at what is kept.
#[cached(
    key = "marked:<id>:<mark>",
    ttl = |user: &User| if user.secret == "kept" { 60 } else { 0 },
    value = |user| user.marked(&mark),
    cache = cache,
)]
async fn marked(cache: &Cache, id: u64, mark: String) -> User {
    drop(mark);
    User::loaded(id)
}

#[derive(Clone)]
struct Repo {
    cache: Cache,
    mark: String,
}

impl Repo {
    #[cached(
        key = "user:<id>:<suffix>",
        ttl = 60,
        stale_while_revalidate = 60,
        negative_ttl = 60,
        negative = |error| *error == self.mark,
        negative_error = format!("{suffix} is absent"),
        value = |user| user.marked(&format!("{}{suffix}", self.mark)),
        cache = self.cache,
    )]
    async fn find(&self, id: u64, suffix: &str) -> Result<User, String> {
        match id {
            0 => Err(self.mark.clone()),
            _ => Ok(User::loaded(id)),
        }
    }

    #[cached(
        key = "pair:<ids>",
        each = ids,
        ttl = 60,
        refresh_ahead = 0.8,
        value = |user| user.marked(&self.mark),
        cache = self.cache,
    )]
    async fn pairs(&self, ids: &[u64]) -> Vec<(u64, User)> {
        ids.iter().map(|&id| (id, User::loaded(id))).collect()
    }
}

#[cached(key = "user:<ids>", each = ids, ttl = 60, value = User::public, cache = cache)]
async fn hashed(cache: &Cache, ids: &[u64]) -> HashMap<u64, User> {
    ids.iter().map(|&id| (id, User::loaded(id))).collect()
}

#[cached(key = "sorted:<ids>", each = ids, ttl = 60, skip(mark), value = |user| user.marked(&mark), cache = cache)]
async fn sorted(cache: &Cache, ids: &[u64], mark: String) -> Result<BTreeMap<u64, User>, ()> {
    drop(mark);
    Ok(ids.iter().map(|&id| (id, User::loaded(id))).collect())
}

/// The last row belongs to nobody.
#[cached(key = "listed:<ids>", each = ids, ttl = 60, id = |user: &User| user.id, value = User::public, cache = cache)]
async fn listed(cache: &Cache, ids: &[u64]) -> Vec<User> {
    ids.iter().chain(&[404]).map(|&id| User::loaded(id)).collect()
}

#[cached(key = "grouped:<ids>", each = ids, ttl = 60, id = |user: &User| user.id, group, value = User::public, cache = cache)]
async fn grouped(cache: &Cache, ids: &[u64]) -> Result<Vec<User>, ()> {
    Ok(ids.iter().flat_map(|&id| [User::loaded(id), User::loaded(id)]).collect())
}

#[cached(key = "local:<ids>", each = ids, ttl = 60, local, value = |user: Arc<User>| Arc::new(public(user.id)), cache = cache)]
async fn local(cache: &Cache, ids: &[u64]) -> HashMap<u64, Arc<User>> {
    ids.iter().map(|&id| (id, Arc::new(User::loaded(id)))).collect()
}

/// A writer keeps what its readers keep.
#[write_through(key = "user:<id>", policy = USERS, value = |user: &User| user.clone().public(), cache = cache)]
async fn rename(cache: &Cache, id: u64) -> User {
    User::loaded(id)
}

#[tokio::test]
async fn everybody_gets_what_is_kept() {
    on_each_store(async |cache| {
        let source = Source::open();
        let calls = (0..8).map(|_| find(&cache, &source, 1, true));
        for found in join_all(calls).await {
            assert_eq!(found, Ok(Some(public(1))), "whoever loads, waits or hits");
        }
        assert_eq!(source.queries(), 1);
        assert_eq!(cache.get::<User>("user:1").await, Ok(Some(public(1))), "what is stored");
        assert_eq!(find(&cache, &source, 1, false).await, Ok(Some(public(1))), "past the cache");
        assert_eq!(cache.bypass(find(&cache, &source, 1, true)).await, Ok(Some(public(1))));
        let within = cache_runtime::transaction(find(&cache, &source, 1, true));
        assert_eq!(within.await, Ok(Some(public(1))));
        assert_eq!(find(&Cache::disabled(), &source, 1, true).await, Ok(Some(public(1))));
        assert_eq!(find(&cache, &source, 0, true).await, Ok(None));
        // Its twin without a macro loads what is kept.
        let load = || async { Ok::<_, ()>(Some(User::loaded(2).public())) };
        for _ in 0..2 {
            let twin = cache.get_or_load("user:2", &USERS, load).await;
            assert_eq!(twin, Ok(Some(public(2))));
            assert_eq!(find(&cache, &source, 2, true).await, Ok(Some(public(2))));
        }
        assert_eq!(rename(&cache, 3).await, User::loaded(3), "a writer returns what it likes");
        assert_eq!(find(&cache, &source, 3, true).await, Ok(Some(public(3))));
        assert_eq!(source.queries(), 6);
    })
    .await;
}

#[tokio::test]
async fn closures_see_parameters_and_others_see_what_is_kept() {
    on_each_store(async |cache| {
        for mark in ["kept", "dropped"] {
            for _ in 0..2 {
                assert_eq!(marked(&cache, 1, mark.into()).await, User::loaded(1).marked(mark));
            }
        }
        assert_eq!(cache.stats().total().hits, 1, "a ttl of zero stores nothing");
        let repo = Repo { cache: cache.clone(), mark: "mine".into() };
        for _ in 0..2 {
            assert_eq!(repo.find(1, "!").await, Ok(User::loaded(1).marked("mine!")));
            assert_eq!(repo.find(0, "ann").await, Err("ann is absent".into()));
            assert_eq!(repo.pairs(&[1]).await, [(1, User::loaded(1).marked("mine"))]);
        }
        let stats = cache.stats().total();
        assert_eq!((stats.hits, stats.negative_hits), (3, 1), "{stats:?}");
    })
    .await;
}

#[tokio::test]
async fn each_row_of_a_batch_is_what_is_kept_of_it() {
    on_each_store(async |cache| {
        for _ in 0..2 {
            assert_eq!(hashed(&cache, &[1]).await, HashMap::from([(1, public(1))]));
            let rows = sorted(&cache, &[1], "x".into()).await;
            assert_eq!(rows, Ok(BTreeMap::from([(1, User::loaded(1).marked("x"))])));
            assert_eq!(grouped(&cache, &[1]).await, Ok(vec![public(1), public(1)]));
            assert_eq!(local(&cache, &[1]).await[&1].secret, "");
            assert_eq!(shared(&cache, 1).await.secret, "");
        }
        assert_eq!(listed(&cache, &[1]).await, [public(1), public(404)], "of no id, too");
        assert_eq!(listed(&cache, &[1]).await, [public(1)]);
        let source = Source::open();
        assert_eq!(find(&cache, &source, 1, true).await, Ok(Some(public(1))), "it is a hit");
        assert_eq!((source.queries(), cache.stats().total().changed), (0, 0));
        assert_eq!(cache.bypass(hashed(&cache, &[1])).await, HashMap::from([(1, public(1))]));
    })
    .await;
}
