//! The master killed, and hung, under load: what callers see, and when hits resume.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, Policy};
use cache_tests::{patience::eventually, sentinel::Fleet};
use tokio::{task::JoinSet, time::Instant};

use super::DEADLINE;

const POLICY: Policy = Policy::ttl(3600).name("rows");

/// So many rows that each is read and written many times in a second.
const ROWS: u64 = 32;

/// Rows of versions, written and read through a cache, and judged.
#[derive(Clone)]
struct Load {
    cache: Cache,
    rows: Arc<Vec<Row>>,
    writing: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Row {
    /// What the database has.
    version: AtomicU64,
    /// The last version whose writer has returned.
    floor: AtomicU64,
    /// Whether the cache's store had been told of it by then, and when that began.
    told: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Tally {
    reads: AtomicU64,
    writes: AtomicU64,
    /// Reads of an older version than was acknowledged before they began: by row, how many there were of rows whose
    /// last write had reached a server, and when that was.
    stale: Mutex<BTreeMap<u64, (u64, Instant)>>,
    /// Those of rows whose last write had reached none.
    owed: AtomicU64,
    slowest: Mutex<Duration>,
}

impl Load {
    /// Sixteen readers, and four writers of whom each has rows of its own.
    fn start(cache: &Cache) -> (Load, JoinSet<()>) {
        let load = Load {
            cache: cache.clone(),
            rows: Arc::new((0..ROWS).map(|_| Row::default()).collect()),
            writing: Arc::new(AtomicBool::new(true)),
            stop: Arc::default(),
            tally: Arc::default(),
        };
        let mut callers = JoinSet::new();
        for reader in 0..16 {
            let load = load.clone();
            callers.spawn(async move { load.keep_reading(reader).await });
        }
        for writer in 0..4 {
            let load = load.clone();
            callers.spawn(async move { load.keep_writing(writer).await });
        }
        (load, callers)
    }

    async fn keep_reading(&self, seed: u64) {
        let mut random = fastrand::Rng::with_seed(seed);
        while !self.stop.load(Ordering::SeqCst) {
            self.read(random.u64(..ROWS)).await;
            tokio::task::yield_now().await;
        }
    }

    async fn keep_writing(&self, writer: u64) {
        let mut random = fastrand::Rng::with_seed(writer);
        while !self.stop.load(Ordering::SeqCst) {
            if self.writing.load(Ordering::SeqCst) {
                self.write(random.u64(..ROWS / 4) * 4 + writer).await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn read(&self, id: u64) -> u64 {
        let row = &self.rows[id as usize];
        let (floor, told) = (row.floor.load(Ordering::SeqCst), *row.told.lock().unwrap());
        let began = Instant::now();
        let load = || async { Ok::<_, String>(row.version.load(Ordering::SeqCst)) };
        let seen = self.cache.get_or_load(format!("row:{id}"), &POLICY, load).await;
        let seen = seen.expect("a cache's failure is not the caller's");
        self.slow(began);
        self.tally.reads.fetch_add(1, Ordering::SeqCst);
        match told {
            Some(when) if seen < floor => {
                self.tally.stale.lock().unwrap().entry(id).or_insert((0, when)).0 += 1;
            }
            None if seen < floor => drop(self.tally.owed.fetch_add(1, Ordering::SeqCst)),
            _ => {}
        }
        seen
    }

    /// Writes a row, and says whether the store was told.
    async fn write(&self, id: u64) -> bool {
        let row = &self.rows[id as usize];
        let began = Instant::now();
        let fence = self.cache.fence([format!("row:{id}")]).await;
        let version = row.version.fetch_add(1, Ordering::SeqCst) + 1;
        let told = fence.settle().await.is_ok();
        self.slow(began);
        *row.told.lock().unwrap() = told.then_some(began);
        row.floor.store(version, Ordering::SeqCst);
        self.tally.writes.fetch_add(1, Ordering::SeqCst);
        told
    }

    fn slow(&self, began: Instant) {
        let mut slowest = self.tally.slowest.lock().unwrap();
        *slowest = began.elapsed().max(*slowest);
    }

    fn hits(&self) -> u64 {
        self.cache.stats().total().hits
    }

    /// Waits until hits come in as they did before the outage: every row is served without a load.
    async fn hits_resume(&self) {
        eventually("hits resume", async || {
            let hits = self.hits();
            for id in 0..ROWS {
                self.read(id).await;
            }
            self.hits() >= hits + ROWS
        })
        .await;
    }

    fn stale(&self) -> u64 {
        self.tally.stale.lock().unwrap().values().map(|(reads, _)| reads).sum()
    }

    fn report(&self, what: &str, recovery: Duration) {
        let Tally { reads, writes, owed, slowest, .. } = &*self.tally;
        println!(
            "{what}: {} reads, {} writes, 0 errors; hits resumed after {recovery:?}; {} stale reads of writes that a \
             server had acknowledged, {} of writes that none had; slowest call {:?}",
            reads.load(Ordering::SeqCst),
            writes.load(Ordering::SeqCst),
            self.stale(),
            owed.load(Ordering::SeqCst),
            slowest.lock().unwrap(),
        );
    }

    /// Ends the load. Each caller has been answered all the time.
    async fn end(&self, callers: JoinSet<()>) {
        self.stop.store(true, Ordering::SeqCst);
        cache_tests::patience::in_time("the last answers", callers.join_all()).await;
    }
}

async fn hasty(fleet: &Fleet) -> Cache {
    super::hasty_cache(&fleet.url()).await
}

async fn promoted(fleet: &Fleet) {
    let other = async || fleet.is_master(1) || fleet.is_master(2);
    eventually("a replica has been promoted", other).await;
}

/// What everybody had acknowledged before is known to the replicas, so nothing is lost with the master.
async fn with_nothing_on_its_way(hang: bool) {
    let mut fleet = Fleet::start().await;
    let (load, callers) = Load::start(&hasty(&fleet).await);
    load.hits_resume_under_writes().await;
    load.writing.store(false, Ordering::SeqCst);
    eventually("the replicas are in step", async || {
        // A writer may still have been at it.
        tokio::time::sleep(DEADLINE).await;
        fleet.is_in_step(0)
    })
    .await;
    load.hits_resume().await;
    assert_eq!((load.stale(), load.tally.owed.load(Ordering::SeqCst)), (0, 0), "before the outage");

    let gone = Instant::now();
    if hang {
        fleet.server(0).pause()
    } else {
        fleet.kill(0)
    }
    promoted(&fleet).await;
    load.hits_resume().await;
    let recovery = gone.elapsed();
    load.writing.store(true, Ordering::SeqCst);
    load.hits_resume_under_writes().await;
    if hang {
        fleet.server(0).resume();
        eventually("it has been demoted", async || !fleet.is_master(0)).await;
        load.hits_resume_under_writes().await;
    }
    load.report(if hang { "hung, in step" } else { "killed, in step" }, recovery);
    load.end(callers).await;
    assert_eq!((load.stale(), load.tally.owed.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_when_the_replicas_are_in_step_costs_no_stale_read() {
    with_nothing_on_its_way(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_hangs_when_the_replicas_are_in_step_costs_no_stale_read() {
    with_nothing_on_its_way(true).await;
}

/// Replication is asynchronous: an invalidation that the master acknowledged may die with it. That can concern what
/// was written right before, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_between_writes_may_lose_the_last_of_them() {
    /// Longer than a replica on the same machine is ever behind.
    const BEHIND: Duration = Duration::from_secs(2);

    let mut fleet = Fleet::start().await;
    let (load, callers) = Load::start(&hasty(&fleet).await);
    load.hits_resume_under_writes().await;
    assert_eq!((load.stale(), load.tally.owed.load(Ordering::SeqCst)), (0, 0), "before the outage");
    let gone = Instant::now();
    fleet.kill(0);
    promoted(&fleet).await;
    load.hits_resume_under_writes().await;
    let recovery = gone.elapsed();
    // Writes that reach the new master end whatever the old one has lost.
    for id in 0..ROWS {
        eventually("a write reaches the new master", async || load.write(id).await).await;
    }
    load.report("killed between writes", recovery);
    load.end(callers).await;
    for (id, (reads, told)) in load.tally.stale.lock().unwrap().iter() {
        let before = gone.saturating_duration_since(*told);
        let lost = *told <= gone && before < BEHIND;
        assert!(lost, "row {id}: {reads} stale reads of what was acknowledged {before:?} before");
    }
    let (stale, owed) = (load.stale(), load.tally.owed.load(Ordering::SeqCst));
    for id in 0..ROWS {
        let version = load.rows[id as usize].version.load(Ordering::SeqCst);
        eventually("the last version is served", async || load.read(id).await == version).await;
    }
    assert_eq!(
        (load.stale(), load.tally.owed.load(Ordering::SeqCst)),
        (stale, owed),
        "and no other"
    );
}

impl Load {
    /// Waits until there are hits again while others write.
    async fn hits_resume_under_writes(&self) {
        eventually("hits resume", async || {
            let before = self.cache.stats().total();
            for _ in 0..10 {
                for id in 0..ROWS {
                    self.read(id).await;
                }
            }
            let after = self.cache.stats().total();
            after.hits >= before.hits + 5 * ROWS && after.store_errors == before.store_errors
        })
        .await;
    }
}
