//! `#[write_behind]` on what it can be put on.

use std::sync::{Arc, Mutex};

use cache_runtime::{Cache, CacheKey, CacheValue, Policy, Queued, cached, write_behind};
use cache_tests::{patience::in_time, stores::on_each_store_in_one_slot};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

#[derive(CacheKey)]
#[cache_key("user:<id>")]
struct UserKey {
    id: u64,
}

impl User {
    fn new(id: u64, name: &str) -> User {
        User { id, name: name.to_owned() }
    }
}

/// The rows, as batches.
type Batches<T> = Arc<Mutex<Vec<Vec<T>>>>;

#[derive(Clone, Default)]
struct Users {
    batches: Batches<User>,
    retention: u64,
}

impl Users {
    #[cached(key = "user:<id>", ttl = 60)]
    async fn find(&self, id: u64) -> Option<User> {
        let batches = self.batches.lock().unwrap();
        batches.iter().flatten().rfind(|user| user.id == id).cloned()
    }

    #[write_behind(
        queue = "users",
        key = UserKey { id: user.id },
        ttl = self.retention,
        enqueue = save(user),
        batch = 100,
        linger = "1ms",
        name = "users"
    )]
    async fn save_all(&self, users: Vec<User>) -> Result<usize, String> {
        self.batches.lock().unwrap().push(users.clone());
        Ok(users.len())
    }
}

#[tokio::test]
async fn a_method_has_two_halves() {
    on_each_store_in_one_slot(async |cache| {
        let users = Users { retention: 60, ..Users::default() };
        cache
            .scope(async {
                assert_eq!(users.find(1).await, None);
                users.save(&User::new(1, "Ann")).await.unwrap();
                users.save(&User::new(2, "Bob")).await.unwrap();
                users.save(&User::new(1, "Anna")).await.unwrap();
                assert_eq!(users.find(1).await, Some(User::new(1, "Anna")));
                assert_eq!(users.save_queue().len().await, Ok(3));
                in_time("the end", users.save_flusher().shutdown()).await;
                let batches = users.batches.lock().unwrap().clone();
                assert_eq!(batches, [[User::new(2, "Bob"), User::new(1, "Anna")]]);
                assert_eq!(users.find(2).await, Some(User::new(2, "Bob")));
                // It is a function like any other.
                assert_eq!(users.save_all(vec![User::new(3, "Cid")]).await, Ok(1));
            })
            .await;
        let stats = cache.stats().function("users").expect("it has a name").clone();
        assert_eq!((stats.queued, stats.flushed, stats.replaced), (3, 2, 1));
    })
    .await;
}

/// Cannot be cloned.
struct Log {
    cache: Cache,
    lines: Mutex<Vec<(i64, String)>>,
}

impl Log {
    #[write_behind(queue = "by-arc", key = "line:<line>", ttl = 60, enqueue = write(line),
        cache = self.cache, linger = "1ms")]
    async fn write_all(self: Arc<Self>, lines: Vec<Queued<String>>) -> Result<(), String> {
        self.lines.lock().unwrap().extend(lines.into_iter().map(|line| (line.seq, line.value)));
        Ok(())
    }

    #[write_behind(queue = "by-reference", key = "other:<line>", ttl = 60, enqueue = write_other(line),
        cache = self.cache, linger = "1ms")]
    async fn write_others(self: &Arc<Self>, lines: Vec<String>) -> Result<(), String> {
        self.lines.lock().unwrap().extend(lines.into_iter().map(|line| (0, line)));
        Ok(())
    }
}

#[tokio::test]
async fn a_method_of_what_cannot_be_cloned_is_flushed_through_an_arc() {
    on_each_store_in_one_slot(async |cache| {
        let log = Arc::new(Log { cache, lines: Mutex::default() });
        log.write(&"one".to_owned()).await.unwrap();
        log.write(&"two".to_owned()).await.unwrap();
        log.write_other(&"three".to_owned()).await.unwrap();
        in_time("the end", log.write_flusher().shutdown()).await;
        in_time("the end", log.write_other_flusher().shutdown()).await;
        let lines = log.lines.lock().unwrap().clone();
        assert!(0 < lines[0].0 && lines[0].0 < lines[1].0, "{lines:?}");
        let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["one", "two", "three"]);
    })
    .await;
}

static VIEWS: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

#[write_behind(queue = "views", key = "views:<page.0>", ttl = 60, enqueue = view(page), capacity = 10)]
async fn views(pages: Vec<(u64, u64)>) -> std::io::Result<()> {
    VIEWS.lock().unwrap().extend(pages);
    Ok(())
}

#[tokio::test]
async fn a_free_function() {
    Cache::in_memory()
        .scope(async {
            view(&(1, 10)).await.unwrap();
            view(&(1, 11)).await.unwrap();
            in_time("the end", view_flusher().shutdown()).await;
            assert_eq!(*VIEWS.lock().unwrap(), [(1, 11)]);
        })
        .await;
}

/// Over any database.
#[derive(Clone)]
struct Repo<D> {
    database: D,
}

trait Database: Clone + Send + Sync + 'static {
    fn upsert(&self, users: Vec<User>);
}

impl<D: Database> Repo<D> {
    #[write_behind(queue = "generic", key = "user:<user.id>", ttl = 60, enqueue = save(user))]
    pub(crate) async fn save_all(&self, users: Vec<User>) -> Result<(), String> {
        self.database.upsert(users);
        Ok(())
    }
}

impl Database for Batches<User> {
    fn upsert(&self, users: Vec<User>) {
        self.lock().unwrap().push(users);
    }
}

#[tokio::test]
async fn a_generic_type_and_a_cache_in_the_batch_function() {
    let (repo, cache) = (Repo { database: Batches::default() }, Cache::in_memory());
    cache
        .scope(async {
            repo.save(&User::new(1, "Ann")).await.unwrap();
            in_time("the end", repo.save_flusher().shutdown()).await;
        })
        .await;
    assert_eq!(repo.database.lock().unwrap().len(), 1);
    let names: Vec<_> = cache.stats().functions.into_iter().map(|f| f.name).collect();
    assert!(names.iter().any(|name| name.ends_with("Repo::save")), "{names:?}");
}

const PROFILES: Policy = Policy::ttl(3600).version(2).name("profiles");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Profile {
    user: u64,
    text: String,
}

#[derive(CacheKey)]
#[cache_key("profile:<user>", value = Profile)]
struct ProfileKey {
    user: u64,
}

#[cached(key = ProfileKey { user }, policy = PROFILES)]
async fn profile(user: u64) -> Result<Option<Profile>, String> {
    Err(format!("nobody has profile {user} but the cache"))
}

#[write_behind(queue = "profiles", key = ProfileKey { user: profile.user }, policy = PROFILES,
    enqueue = write_profile(profile), linger = "1ms")]
async fn write_profiles(profiles: Vec<Profile>) -> Result<(), String> {
    drop(profiles);
    Ok(())
}

/// One policy, one key, one fingerprint: what one side writes, the other reads.
#[tokio::test]
async fn writers_and_readers_share_a_policy_and_a_key() {
    on_each_store_in_one_slot(async |cache| {
        cache
            .scope(async {
                let written = Profile { user: 7, text: "hello".to_owned() };
                write_profile(&written).await.unwrap();
                assert_eq!(profile(7).await, Ok(Some(written.clone())));
                in_time("the end", write_profile_flusher().shutdown()).await;
                assert_eq!(profile(7).await, Ok(Some(written)));
            })
            .await;
        let key = cache_runtime::stored_key(&ProfileKey { user: 7 });
        let versioned = cache.get::<Profile>(format!("{key}:v2")).await;
        assert_eq!(versioned.unwrap().map(|profile| profile.user), Some(7));
        let stats = cache.stats();
        let profiles = stats.function("profiles").expect("both count there");
        assert_eq!((profiles.hits, profiles.loads, profiles.flushed), (2, 0, 1));
        assert_eq!(profiles.undecodable, 0);
    })
    .await;
}

/// In a batch function the same cache is in force as where its flusher was started.
#[write_behind(queue = "scoped", key = "scoped:<id>", ttl = 60, enqueue = note(id))]
async fn note_all(ids: Vec<u64>) -> Result<(), cache_runtime::Error> {
    counted(ids[0]).await;
    Ok(())
}

#[cached(key = "counted:<id>", ttl = 60, name = "counted")]
async fn counted(id: u64) -> u64 {
    id
}

#[tokio::test]
async fn the_scope_of_a_flusher_is_that_of_its_batch_function() {
    let cache = Cache::in_memory();
    cache
        .scope(async {
            note(&7).await.unwrap();
            in_time("the end", note_flusher().shutdown()).await;
        })
        .await;
    assert_eq!(cache.stats().function("counted").expect("it was called").loads, 1);
}

/// Futures of both halves can be spawned.
#[allow(dead_code, reason = "that it compiles is the test")]
fn futures_are_send(users: Users, log: Arc<Log>) {
    fn send<T: Send>(_: T) {}
    send(users.save(&User::new(1, "Ann")));
    send(users.save_flusher().shutdown());
    send(users.save_queue().flushed());
    send(log.write(&String::new()));
}
