//! Readers and writers of rows while servers come and go: each read is judged by the writes that had returned before it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, Policy};
use cache_test_support::patience::{eventually, in_time};
use tokio::{task::JoinSet, time::Instant};

/// So many rows that each is read and written many times in a second.
pub const ROWS: u64 = 32;

const POLICY: Policy = Policy::ttl(3600).name("rows");

/// Rows of versions, written and read through a cache, and judged. Clones are the same load.
#[derive(Clone, Debug)]
pub struct Load {
    cache: Cache,
    rows: Arc<Vec<Row>>,
    writing: Arc<AtomicBool>,
    /// How many writers are at work, or about to see whether they may be.
    at_work: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    tally: Arc<Tally>,
}

#[derive(Debug, Default)]
struct Row {
    /// What the database has.
    version: AtomicU64,
    /// The last version whose writer has returned.
    floor: AtomicU64,
    /// Whether the cache's store had been told of it by then.
    told: AtomicBool,
}

#[derive(Debug, Default)]
struct Tally {
    reads: AtomicU64,
    writes: AtomicU64,
    /// Reads of an older version than was acknowledged before they began, of rows whose last write had reached a
    /// server.
    stale: AtomicU64,
    /// Those of rows whose last write had reached none.
    owed: AtomicU64,
    slowest: Mutex<Duration>,
}

impl Load {
    /// Sixteen readers, some of whom read in batches, and four writers of whom each has rows of its own.
    pub fn start(cache: &Cache) -> (Load, JoinSet<()>) {
        let load = Load {
            cache: cache.clone(),
            rows: Arc::new((0..ROWS).map(|_| Row::default()).collect()),
            writing: Arc::new(AtomicBool::new(true)),
            at_work: Arc::default(),
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

    /// Ends the load. Each caller has been answered all the time.
    ///
    /// # Panics
    ///
    /// Where one of them does not come to its end, or was told of an error.
    pub async fn end(&self, callers: JoinSet<()>) {
        self.stop.store(true, Ordering::SeqCst);
        in_time("the last answers", callers.join_all()).await;
    }

    async fn keep_reading(&self, seed: u64) {
        let mut random = fastrand::Rng::with_seed(seed);
        while !self.stop.load(Ordering::SeqCst) {
            match seed % 4 {
                0 => self.read_some([(); 4].map(|()| random.u64(..ROWS))).await,
                _ => drop(self.read(random.u64(..ROWS)).await),
            }
            tokio::task::yield_now().await;
        }
    }

    async fn keep_writing(&self, writer: u64) {
        let mut random = fastrand::Rng::with_seed(writer);
        while !self.stop.load(Ordering::SeqCst) {
            self.at_work.fetch_add(1, Ordering::SeqCst);
            if self.writing.load(Ordering::SeqCst) {
                self.write(random.u64(..ROWS / 4) * 4 + writer).await;
            }
            self.at_work.fetch_sub(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets the writers write again.
    pub fn let_write(&self) {
        self.writing.store(true, Ordering::SeqCst);
    }

    /// Stops the writers, and waits until none is at work.
    pub async fn stop_writing(&self) {
        self.writing.store(false, Ordering::SeqCst);
        let idle = async || self.at_work.load(Ordering::SeqCst) == 0;
        eventually("no writer is at work", idle).await;
    }

    /// The key of a row.
    pub fn key(id: u64) -> String {
        format!("row:{id}")
    }

    /// Reads a row.
    pub async fn read(&self, id: u64) -> u64 {
        let (row, asked) = (self.row(id), self.asked(id));
        let load = || async { Ok::<_, String>(row.version.load(Ordering::SeqCst)) };
        let seen = self.cache.get_or_load(Load::key(id), &POLICY, load).await;
        let seen = seen.expect("a cache's failure is not the caller's");
        self.judge(asked, seen);
        seen
    }

    /// Reads rows in one batch.
    async fn read_some<const N: usize>(&self, ids: [u64; N]) {
        let asked = ids.map(|id| self.asked(id));
        let load = |missing: Vec<u64>| async move {
            let version = |id| (id, self.row(id).version.load(Ordering::SeqCst));
            Ok::<HashMap<u64, u64>, String>(missing.into_iter().map(version).collect())
        };
        let seen = self.cache.get_or_load_many(&ids, |&id| Load::key(id), &POLICY, load).await;
        let seen = seen.expect("a cache's failure is not the caller's");
        for asked in asked {
            self.judge(asked, seen[&asked.id]);
        }
    }

    /// Writes a row, and says whether the store was told.
    pub async fn write(&self, id: u64) -> bool {
        let (row, began) = (self.row(id), Instant::now());
        let fence = self.cache.fence([Load::key(id)]).await;
        let version = row.version.fetch_add(1, Ordering::SeqCst) + 1;
        let told = fence.try_settle().await.is_ok();
        self.slow(began);
        row.told.store(told, Ordering::SeqCst);
        row.floor.store(version, Ordering::SeqCst);
        self.tally.writes.fetch_add(1, Ordering::SeqCst);
        told
    }

    /// Waits until the last version of each row is served.
    pub async fn last_versions_are_served(&self) {
        for id in 0..ROWS {
            let version = self.row(id).version.load(Ordering::SeqCst);
            eventually("the last version is served", async || self.read(id).await == version).await;
        }
    }

    /// Waits until every row is served without a load. Nobody may write meanwhile.
    pub async fn hits_resume(&self) {
        self.hits_of(&Vec::from_iter(0..ROWS)).await;
    }

    /// As [`hits_resume`](Load::hits_resume), for some of the rows.
    pub async fn hits_of(&self, rows: &[u64]) {
        eventually("hits resume", async || {
            let hits = self.cache.stats().total().hits;
            for &id in rows {
                self.read(id).await;
            }
            self.cache.stats().total().hits >= hits + rows.len() as u64
        })
        .await;
    }

    /// Waits until there are hits again while others write, and nothing fails.
    pub async fn hits_resume_under_writes(&self) {
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

    /// How many reads were stale: of rows whose last write had reached a server, and of rows whose last one had not.
    pub fn stale(&self) -> (u64, u64) {
        let Tally { stale, owed, .. } = &*self.tally;
        (stale.load(Ordering::SeqCst), owed.load(Ordering::SeqCst))
    }

    /// Prints what there was.
    pub fn report(&self, what: &str, recovery: Duration) {
        let Tally { reads, writes, slowest, .. } = &*self.tally;
        let (stale, owed) = self.stale();
        println!(
            "{what}: {} reads, {} writes, 0 errors; hits resumed after {recovery:?}; {stale} stale reads of writes that \
             a server had acknowledged, {owed} of writes that none had; slowest call {:?}",
            reads.load(Ordering::SeqCst),
            writes.load(Ordering::SeqCst),
            lock(slowest),
        );
    }

    fn row(&self, id: u64) -> &Row {
        &self.rows[id as usize]
    }

    fn asked(&self, id: u64) -> Asked {
        let row = self.row(id);
        let (floor, told) = (row.floor.load(Ordering::SeqCst), row.told.load(Ordering::SeqCst));
        Asked { id, floor, told, began: Instant::now() }
    }

    fn judge(&self, Asked { id, floor, told, began }: Asked, seen: u64) {
        self.slow(began);
        self.tally.reads.fetch_add(1, Ordering::SeqCst);
        let stale = if told { &self.tally.stale } else { &self.tally.owed };
        if seen < floor {
            println!("row {id}: version {seen}, although {floor} was acknowledged");
            stale.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn slow(&self, began: Instant) {
        let mut slowest = lock(&self.tally.slowest);
        *slowest = began.elapsed().max(*slowest);
    }
}

/// A read that has begun, and what it must not come back without.
#[derive(Clone, Copy)]
struct Asked {
    id: u64,
    floor: u64,
    told: bool,
    began: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
