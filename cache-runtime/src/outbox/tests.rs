//! A follower over a table in memory, with a database and a store that fail, hang and come back, on paused time.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use super::{Backlog, Change, Follower, Outbox, Taken, start, worker::Sender};
use crate::{
    Cache, Policy,
    error::Error,
    key::{self, KeyWriter},
};

/// A table of changes, each of which one follower has at a time.
#[derive(Default)]
struct Table {
    rows: Mutex<Vec<(usize, Change)>>,
    taken: Mutex<BTreeSet<usize>>,
    arrived: Notify,
    next: AtomicUsize,
    takes: AtomicUsize,
    /// How many calls of `take` and of `finish` are yet to fail.
    bad_takes: AtomicUsize,
    bad_finishes: AtomicUsize,
    panics: AtomicUsize,
    hangs: AtomicBool,
}

/// What a transaction would hold.
struct Lock(Arc<Table>, Vec<usize>);

impl Drop for Lock {
    fn drop(&mut self) {
        let mut taken = self.0.taken.lock().unwrap();
        self.1.iter().for_each(|id| assert!(taken.remove(id)));
    }
}

impl Table {
    fn record(&self, id: &str) {
        self.record_change(Change::key("user:", id));
    }

    fn record_change(&self, change: Change) {
        self.rows.lock().unwrap().push((self.next.fetch_add(1, SeqCst), change));
        self.arrived.notify_one();
    }

    fn left(&self) -> usize {
        self.rows.lock().unwrap().len()
    }

    async fn emptied(&self) {
        self.shrunk_to(0).await;
    }

    /// Waits until no more than `rows` are left, which takes no minute.
    async fn shrunk_to(&self, rows: usize) {
        let shrunk = async {
            while self.left() > rows {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(60), shrunk).await.expect("the follower works");
    }
}

/// Whether one more call is to fail.
fn fails(yet: &AtomicUsize) -> bool {
    yet.fetch_update(SeqCst, SeqCst, |yet| yet.checked_sub(1)).is_ok()
}

impl Outbox for Arc<Table> {
    type Receipt = Lock;
    type Error = String;

    async fn take(&self, most: usize) -> Result<Taken<Lock>, String> {
        self.takes.fetch_add(1, SeqCst);
        assert!(!fails(&self.panics), "the driver has an error");
        if fails(&self.bad_takes) {
            return Err("the database is away".into());
        }
        if self.hangs.load(SeqCst) {
            return std::future::pending().await;
        }
        let (rows, mut taken) = (self.rows.lock().unwrap(), self.taken.lock().unwrap());
        let free = rows.iter().filter(|(id, _)| !taken.contains(id)).take(most).cloned();
        let (ids, changes): (Vec<usize>, Vec<Change>) = free.collect();
        taken.extend(&ids);
        Ok(Taken { changes, receipt: Lock(Arc::clone(self), ids) })
    }

    async fn finish(&self, receipt: Lock, confirmed: &[bool]) -> Result<(), String> {
        if fails(&self.bad_finishes) {
            return Err("the connection is lost".into());
        }
        let marks = receipt.1.iter().zip(confirmed).filter(|(_, confirmed)| **confirmed);
        let gone: BTreeSet<usize> = marks.map(|(id, _)| *id).collect();
        self.rows.lock().unwrap().retain(|(id, _)| !gone.contains(id));
        Ok(())
    }

    async fn arrival(&self) -> Result<(), String> {
        self.arrived.notified().await;
        Ok(())
    }

    async fn backlog(&self) -> Result<Backlog, String> {
        Ok(Backlog { changes: self.left() as u64, oldest: Duration::from_millis(9) })
    }
}

/// What a store was sent, which can be away, refuse a key, or hang.
#[derive(Default)]
struct Store {
    sent: Mutex<Vec<String>>,
    away: AtomicBool,
    refused: Mutex<Option<&'static str>>,
    hangs: AtomicBool,
    resumed: Notify,
}

impl Store {
    fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }

    fn sender(self: &Arc<Self>) -> Box<Sender> {
        let store = Arc::clone(self);
        Box::new(move |keys| {
            let store = Arc::clone(&store);
            Box::pin(async move {
                if store.hangs.load(SeqCst) {
                    store.resumed.notified().await;
                }
                let refused = *store.refused.lock().unwrap();
                store.sent.lock().unwrap().extend(keys.clone());
                let outcome = |key: &String| match () {
                    () if store.away.load(SeqCst) => Err(Error::Unavailable("away".into())),
                    () if refused == Some(key.as_str()) => Err(Error::Refused("no".into())),
                    () => Ok(()),
                };
                keys.iter().map(outcome).collect()
            })
        })
    }
}

/// A follower of a table, with a store of its own.
struct Scene {
    table: Arc<Table>,
    store: Arc<Store>,
    cache: Cache,
}

impl Scene {
    fn new() -> Scene {
        let (table, store) = Default::default();
        Scene { table, store, cache: Cache::in_memory() }
    }

    fn follow(&self) -> Follower {
        start(&self.cache.inner, "users", Arc::clone(&self.table), self.store.sender())
    }

    fn failures(&self) -> u64 {
        self.cache.stats().outboxes[0].failures
    }
}

#[tokio::test(start_paused = true)]
async fn keys_and_tags_are_invalidated_in_the_cache() {
    let (cache, table) = (Cache::in_memory(), Arc::<Table>::default());
    cache.put("user:1", "Ann", 60).await;
    cache.put("user:2", "Bob", 60).await;
    let list = cache.tagged(["tenant:7"]);
    let load = async || Ok::<_, String>("Ann, Bob".to_owned());
    list.get_or_load("list", &Policy::ttl(60), load).await.expect("it is loaded");
    assert!(list.get::<String>("list").await.is_ok_and(|found| found.is_some()));
    let follower = cache.follow("users", Arc::clone(&table));
    table.record_change(Change::key("user:", "1").aged(Duration::from_millis(30)));
    table.record_change(Change::tag("tenant:", "7"));
    table.emptied().await;
    assert_eq!(cache.get::<String>("user:1").await, Ok(None));
    assert_eq!(list.get::<String>("list").await, Ok(None));
    assert_eq!(cache.get::<String>("user:2").await, Ok(Some("Bob".to_owned())));
    follower.shutdown().await;
    let stats = cache.stats();
    let outbox = &stats.outboxes[0];
    assert_eq!((outbox.name.as_str(), outbox.invalidated, outbox.failures), ("users", 2, 0));
    assert!((outbox.lag.count, outbox.lag.max_us >= 30_000) == (2, true), "{outbox}");
    assert!(stats.to_string().contains("outbox users: 2 invalidated, 0 failures"), "{stats}");
}

#[tokio::test(start_paused = true)]
async fn a_key_with_many_changes_is_sent_once() {
    let scene = Scene::new();
    (0..300).for_each(|at| scene.table.record(["1", "2"][at % 2]));
    let follower = scene.follow();
    scene.table.emptied().await;
    follower.shutdown().await;
    // Two batches.
    assert_eq!(scene.store.sent(), ["user:1", "user:2", "user:1", "user:2"]);
    assert_eq!(scene.cache.stats().outboxes[0].invalidated, 300);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_is_asked_again_less_and_less_often() {
    let scene = Scene::new();
    scene.table.bad_takes.store(usize::MAX, SeqCst);
    let follower = scene.follow();
    scene.table.record("1");
    sleep(Duration::from_secs(60)).await;
    // One or two seconds each, after the first few.
    let takes = scene.table.takes.load(SeqCst);
    assert!((30..=66).contains(&takes), "{takes}");
    assert!(scene.failures() + 1 >= takes as u64, "{} of {takes}", scene.failures());
    assert_eq!(scene.store.sent(), [""; 0]);
    scene.table.bad_takes.store(0, SeqCst);
    scene.table.emptied().await;
    assert_eq!(scene.store.sent(), ["user:1"]);
    // After a success the pauses are short again.
    scene.table.bad_takes.store(1, SeqCst);
    scene.table.record("2");
    let began = Instant::now();
    scene.table.emptied().await;
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
    follower.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_loses_nothing() {
    let scene = Scene::new();
    scene.store.away.store(true, SeqCst);
    let follower = scene.follow();
    scene.table.record("1");
    sleep(Duration::from_secs(60)).await;
    assert_eq!((scene.table.left(), scene.cache.stats().outboxes[0].invalidated), (1, 0));
    assert_eq!(scene.cache.stats().outboxes[0].backlog, 1);
    assert_eq!(scene.cache.stats().outboxes[0].oldest_ms, 9);
    let sent = scene.store.sent().len();
    assert!((30..=66).contains(&sent), "{sent}");
    scene.store.away.store(false, SeqCst);
    scene.table.emptied().await;
    follower.shutdown().await;
    assert_eq!(scene.cache.stats().outboxes[0].invalidated, 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_store_refuses_does_not_hold_up_the_others() {
    let scene = Scene::new();
    *scene.store.refused.lock().unwrap() = Some("user:1");
    (1..=3).for_each(|id| scene.table.record(&id.to_string()));
    let follower = scene.follow();
    scene.table.shrunk_to(1).await;
    scene.table.record("4");
    scene.table.shrunk_to(1).await;
    assert_eq!(scene.table.rows.lock().unwrap()[0].1, Change::key("user:", "1"));
    *scene.store.refused.lock().unwrap() = None;
    scene.table.emptied().await;
    follower.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_finished_comes_again() {
    let scene = Scene::new();
    scene.table.bad_finishes.store(1, SeqCst);
    scene.table.record("1");
    let follower = scene.follow();
    scene.table.emptied().await;
    follower.shutdown().await;
    assert_eq!(scene.store.sent(), ["user:1", "user:1"]);
    assert_eq!(scene.cache.stats().outboxes[0].invalidated, 1);
}

#[tokio::test(start_paused = true)]
async fn an_outbox_that_panics_or_hangs_is_asked_again() {
    let scene = Scene::new();
    scene.table.panics.store(2, SeqCst);
    let follower = scene.follow();
    scene.table.record("1");
    scene.table.emptied().await;
    assert_eq!(scene.failures(), 2);

    scene.table.hangs.store(true, SeqCst);
    scene.table.record("2");
    sleep(Duration::from_secs(29)).await;
    scene.table.hangs.store(false, SeqCst);
    assert_eq!((scene.table.left(), scene.failures()), (1, 2));
    scene.table.emptied().await;
    assert_eq!(scene.failures(), 3);
    follower.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_is_lost_costs_a_second() {
    let scene = Scene::new();
    let follower = scene.follow();
    sleep(Duration::from_millis(500)).await;
    scene.table.rows.lock().unwrap().push((7, Change::key("user:", "1")));
    let began = Instant::now();
    scene.table.emptied().await;
    assert!(began.elapsed() <= Duration::from_secs(1), "{:?}", began.elapsed());
    follower.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_is_shut_down_finishes_what_it_has_taken_and_takes_no_more() {
    let scene = Scene::new();
    scene.store.hangs.store(true, SeqCst);
    scene.table.record("1");
    let follower = scene.follow();
    while scene.table.taken.lock().unwrap().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    scene.table.record("2");
    let ended = tokio::spawn(follower.shutdown());
    sleep(Duration::from_secs(5)).await;
    assert!(!ended.is_finished());
    scene.store.resumed.notify_one();
    ended.await.expect("it does not panic");
    assert_eq!(scene.store.sent(), ["user:1"]);
    assert_eq!(scene.table.left(), 1);
    assert_eq!(scene.table.taken.lock().unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_waits_is_shut_down_at_once() {
    let scene = Scene::new();
    let began = Instant::now();
    let follower = scene.follow();
    sleep(Duration::from_millis(10)).await;
    follower.shutdown().await;
    // In a pause after failures.
    scene.table.bad_takes.store(usize::MAX, SeqCst);
    let follower = scene.follow();
    sleep(Duration::from_millis(10)).await;
    follower.shutdown().await;
    // While the database hangs.
    scene.table.bad_takes.store(0, SeqCst);
    scene.table.hangs.store(true, SeqCst);
    let follower = scene.follow();
    sleep(Duration::from_millis(10)).await;
    follower.shutdown().await;
    assert!(began.elapsed() < Duration::from_millis(40), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_is_dropped_finishes_what_it_has_taken_and_takes_no_more() {
    let scene = Scene::new();
    scene.store.hangs.store(true, SeqCst);
    scene.table.record("1");
    let follower = scene.follow();
    sleep(Duration::from_millis(10)).await;
    drop(follower);
    scene.store.resumed.notify_one();
    scene.table.emptied().await;
    scene.table.record("2");
    sleep(Duration::from_secs(60)).await;
    assert_eq!((scene.store.sent(), scene.table.left()), (vec!["user:1".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn followers_share_the_work() {
    let table = Arc::<Table>::default();
    let scene = || Scene { table: Arc::clone(&table), ..Scene::new() };
    let scenes = [scene(), scene()];
    // While one of them hangs with what it has taken, the other one takes what comes.
    scenes[0].store.hangs.store(true, SeqCst);
    table.record("1");
    let hung = scenes[0].follow();
    sleep(Duration::from_millis(10)).await;
    (2..=9).for_each(|id| table.record(&id.to_string()));
    let works = scenes[1].follow();
    table.shrunk_to(1).await;
    assert_eq!(scenes[1].store.sent().len(), 8);
    scenes[0].store.resumed.notify_one();
    table.emptied().await;
    assert_eq!(scenes[0].store.sent(), ["user:1"]);
    assert_eq!(scenes[1].store.sent().len(), 8);
    works.shutdown().await;
    hung.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_disabled_cache_takes_nothing_from_others() {
    let (cache, table) = (Cache::disabled(), Arc::<Table>::default());
    table.record("1");
    let follower = cache.follow("users", Arc::clone(&table));
    sleep(Duration::from_secs(60)).await;
    follower.shutdown().await;
    assert_eq!((table.left(), table.takes.load(SeqCst)), (1, 0));
}

/// Whatever a placeholder was filled with, and however long the key is.
#[tokio::test]
async fn a_change_has_the_key_that_a_template_renders() {
    let texts = ["42", "", "a:b", "ä/#%", "(1,2)", &"x".repeat(600), &"é".repeat(400)];
    for (namespace, text) in [None, Some("shop")].into_iter().flat_map(|n| texts.map(|t| (n, t))) {
        let cache = match namespace {
            None => Cache::in_memory(),
            Some(namespace) => {
                Cache::builder().namespace(namespace).build().await.expect("a cache")
            }
        };
        let template = |out: &mut KeyWriter<'_>| {
            out.literal("user:");
            out.part(text);
            out.literal(":");
            out.part(&42);
        };
        let (head, rest) = key::pieces(template);
        assert_eq!(head, "user:");
        let key = key::stored(namespace, None, template);
        assert_eq!(Change::key("user:", &*rest).stored(&cache.inner), key);
        let tag = key::stored_tag(namespace, template);
        assert_eq!(Change::tag("user:", &*rest).stored(&cache.inner), tag);
    }
}
