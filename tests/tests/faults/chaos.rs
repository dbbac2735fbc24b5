//! Faults under load: processes that read and write contended rows over one Redis are killed, cut off and
//! left without a server, tasks on an embedded store are cancelled, and no read may be stale.
//!
//! A stale read is one that began after a write had been acknowledged, and returned an older version. That
//! the load can find one is shown by the same load on caching that is written by hand.

use std::{sync::Arc, time::Duration};

use cache_runtime::Cache;
use cache_tests::{
    by_hand::Shelf,
    chaos::{Service, Store, keys, tag},
    checker::{Checker, Counts},
    database::Database,
};
use fastrand::Rng;
use tokio::{
    task::{JoinSet, yield_now},
    time::{sleep, timeout},
};

use super::field::{
    Fault::{self, Cut, FallBack, Flush, HalfOpen, Hang, Kill, Restart, Stop},
    Field, PATIENCE, ROWS, every_strategy_was_tried, seed, tell_functions,
};

/// On the embedded store.
const TASKS: u32 = 16;

/// Faults that end: a server that is there answers, and one that is not refuses. Every write counts.
const DEATHS: [Fault; 8] = [Cut, Kill, Restart, FallBack, Flush, Cut, Restart, FallBack];

/// Among them, servers and connections that keep a write waiting until it goes ahead, and writers that stand still for longer
/// than their fences: only a write that reached the store counts.
const SILENCES: [Fault; 5] = [Hang, Stop, Cut, HalfOpen, Kill];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_while_processes_connections_and_servers_die() {
    let mut field = Field::new("cached", "?local=off").await;

    field.run(&DEATHS, 8).await;
    field.report("servers, processes and connections die");
    field.checker.assert_nothing_stale();

    field.checker.count_only_writes_that_reached_the_store();
    field.run(&SILENCES, 4).await;
    field.strike(Restart).await;
    field.hits(500).await;
    field.quiesce().await;
    field.report("in all");
    field.checker.assert_nothing_stale();
    everything_is_fresh_in_the_end(&field).await;

    every_strategy_was_tried(&field.checker);
    let (counts, tally) = (field.checker.counts(), field.checker.tallied());
    for fault in DEATHS.into_iter().chain(SILENCES) {
        assert!(field.struck(fault) > 2, "{fault:?} hardly ever struck");
    }
    assert!(counts.reads > 5_000, "there was little load");
    assert!(counts.hits > 1_000, "there was little caching");
    assert!(counts.writes > 300, "there were few writes");
    assert!(counts.unreached < counts.writes / 2, "most writes did not reach the store");
    assert!(tally.superseded > 10, "readers and writers hardly met");
    assert!(tally.store_errors > 0, "no fault was felt");
}

/// Once invalidations that were owed have been delivered, every row is fresh, whoever wrote it: the writers
/// that were killed died before the last restart, which emptied the server.
async fn everything_is_fresh_in_the_end(field: &Field) {
    let cache = Cache::builder().url(&field.server.url()).deadline(PATIENCE).build().await;
    let cache = cache.expect("the server's URL is right");
    for row in 0..ROWS {
        let current = field.checker.current(row);
        let tagged = (format!("tagged:{row}"), vec![tag(row)]);
        for (key, tags) in keys(row).map(|key| (key, Vec::new())).into_iter().chain([tagged]) {
            let old = async || {
                let cached = cache.tagged(&tags).get::<u64>(&*key).await;
                cached.expect("the server is there").is_some_and(|version| version < current)
            };
            let delivered = timeout(PATIENCE, async {
                while old().await {
                    sleep(Duration::from_millis(10)).await;
                }
            });
            let delivered = delivered.await.is_ok();
            let history = field.checker.history(row);
            assert!(delivered, "`{key}` stayed older than version {current}:\n{history}");
        }
    }
}

/// The control: the same load without a single fault, on caching as it is commonly written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_hand_the_same_load_finds_stale_reads() {
    let field = Field::new("by-hand", "").await;
    let found = timeout(PATIENCE, field.checker.until(|counts| counts.stale >= 10)).await;
    println!("by hand: {}", field.checker.counts());
    assert!(found.is_ok(), "the load is too light to find what it looks for");
}

/// The control of servers that come back with what they held: they do hold what a later write has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_comparison_of_incarnations_the_same_falls_find_stale_reads() {
    let mut field = Field::new("cached", "?incarnations=off&local=off").await;
    field.hits(200).await;
    for _ in 0..30 {
        field.strike(FallBack).await;
        field.hits(200).await;
        if field.checker.counts().stale > 0 {
            return field.report("incarnations are not compared");
        }
    }
    panic!("the load is too light to find what it looks for: {}", field.checker.counts());
}

/// Tasks on one embedded store, cancelled in the middle of what they do.
struct Tasks {
    checker: Arc<Checker>,
    store: Store,
    tasks: JoinSet<()>,
    rng: Rng,
    ended: u32,
}

impl Tasks {
    fn new(store: Store) -> Tasks {
        let mut rng = Rng::with_seed(seed());
        let checker = Arc::new(Checker::new(ROWS, rng.u64(..)));
        let mut tasks = Tasks { checker, store, tasks: JoinSet::new(), rng, ended: 0 };
        (0..TASKS).for_each(|who| tasks.spawn(who));
        tasks
    }

    fn spawn(&mut self, who: u32) {
        let database = Database::Here(Arc::clone(&self.checker), who);
        let service = Service::new(self.store.clone(), database, ROWS);
        let life = Duration::from_micros(self.rng.u64(1_000..200_000));
        // The work is dropped when its life is over, wherever that finds it.
        let work = timeout(life, work(service, self.rng.fork()));
        self.tasks.spawn(async { drop(work.await) });
    }

    /// Replaces tasks as they end, until the counts are as wanted.
    async fn until(&mut self, wanted: impl Fn(&Counts) -> bool) {
        let checker = Arc::clone(&self.checker);
        let over = timeout(PATIENCE, checker.until(|counts| wanted(counts)));
        tokio::pin!(over);
        loop {
            tokio::select! {
                over = &mut over => return over.expect("the load is enough in time"),
                Some(task) = self.tasks.join_next() => {
                    task.expect("no task panics");
                    self.ended += 1;
                    self.spawn(TASKS + self.ended);
                }
            }
        }
    }
}

/// Steps for ever, of which one in eight is cancelled, if it takes long enough.
async fn work(service: Service, mut rng: Rng) {
    loop {
        let cancelled = rng.u8(..8) == 0;
        let patience = if cancelled { rng.u64(..5_000) } else { u64::from(u32::MAX) };
        let step = timeout(Duration::from_micros(patience), service.step(&mut rng));
        if let Ok(done) = step.await {
            done.expect("rows in memory can be reached");
        }
        // Hits do not wait for anything, and would keep the others from their turn.
        yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_while_tasks_are_cancelled() {
    let cache = Cache::builder()
        // So that the fences of cancelled writers fall within the test.
        .fence_time(Duration::from_millis(50))
        .build()
        .await
        .expect("the default is the embedded store");
    let mut tasks = Tasks::new(Store::Cache(cache.clone()));
    tasks.until(|counts| counts.reads > 50_000 && counts.writes > 2_000).await;

    let (counts, total) = (tasks.checker.counts(), cache.stats().total());
    println!("embedded: {counts}; {} tasks ended; {} superseded", tasks.ended, total.superseded);
    tell_functions(&tasks.checker);
    tasks.checker.assert_nothing_stale();
    every_strategy_was_tried(&tasks.checker);
    assert!(counts.hits > 10_000, "there was little caching");
    assert!(total.superseded > 10, "readers and writers hardly met");
    assert!(tasks.ended > 50, "few tasks were cancelled");
}

/// The control, where no cancellation is needed, but does not hurt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_hand_the_same_tasks_find_stale_reads() {
    let mut tasks = Tasks::new(Store::ByHand(Shelf::memory()));
    tasks.until(|counts| counts.stale >= 10).await;
    println!("embedded, by hand: {}", tasks.checker.counts());
}

/// The control of writing through: the same load and cache, and writers that raise no fence. Whoever puts last
/// wins, and that need not be who has committed last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_fences_the_same_tasks_find_stale_reads() {
    let mut tasks = Tasks::new(Store::Unfenced(Cache::in_memory()));
    tasks.until(|counts| counts.stale >= 10).await;
    println!("embedded, without fences: {}", tasks.checker.counts());
    tell_functions(&tasks.checker);
}
