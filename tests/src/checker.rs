//! The truth that fault tests hold a cache against: rows that are a version each, and a judge of reads.
//!
//! A write that was acknowledged raises its row's *floor*. A read asks for the floor before it begins; if it
//! then returns an older version, it is stale: it began after a newer one had been acknowledged.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

/// How many of a row's last events are told with a stale read.
const HISTORY: usize = 48;

/// How many stale reads are told in full.
const TOLD: usize = 3;

/// A database and the judge of what is read of it through a cache.
#[derive(Debug)]
pub struct Checker {
    begun: Instant,
    rows: Vec<Mutex<Row>>,
    pace: Mutex<Rng>,
    /// Whether a write that did not reach the cache's store counts as acknowledged all the same.
    all_writes_count: AtomicBool,
    counts: watch::Sender<Counts>,
    tallies: Mutex<HashMap<u32, Tally>>,
    by_function: Mutex<BTreeMap<Function, Answers>>,
    stale: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Row {
    version: u64,
    floor: u64,
    history: VecDeque<(Duration, u32, Event)>,
}

/// What happened to a row, for the account of a stale read.
#[derive(Debug)]
enum Event {
    Loaded(u64),
    Committed(u64),
    Acknowledged(u64),
    /// Committed, but its caller knows that the store was not told.
    Unreached(u64),
    ReadBegan,
    Read(Function, u64),
}

/// Which function was read through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Function {
    /// Cached without `lock`.
    Plain,
    /// Cached with `lock`.
    Locked,
    /// Cached under a tag, which is all that its writers know.
    Tagged,
    /// Cached for a moment, then served stale while it is renewed, or renewed ahead.
    Fresh,
    /// Cached, and left there by writers.
    Through,
    /// Cached without `lock`, read with others in a batch.
    Many,
    /// `GET`, and on a miss a load and a `SET`.
    ByHand,
}

/// One read, as its caller saw it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// The row that was read.
    pub row: usize,
    /// How it was read.
    pub function: Function,
    /// Its floor when the read began.
    pub floor: u64,
    /// The version that the read returned.
    pub version: u64,
    /// Whether this very call loaded it.
    pub loaded: bool,
}

/// What reads through one function were answered by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answers {
    /// Reads that returned.
    pub reads: u64,
    /// Those that were answered by the cache, or by another call's load.
    pub hits: u64,
}

/// What has been seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Reads that returned.
    pub reads: u64,
    /// Reads that were answered by the cache, or by another call's load.
    pub hits: u64,
    /// Writes that were acknowledged.
    pub writes: u64,
    /// Writes whose invalidation had not reached the store when they returned.
    pub unreached: u64,
    /// Reads of less than the floor.
    pub stale: u64,
}

/// What one process' cache has counted.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Calls answered by the store.
    pub hits: u64,
    /// Calls answered by another call's load.
    pub coalesced: u64,
    /// Loaded values that a write kept from being stored.
    pub superseded: u64,
    /// Operations on the store that failed.
    pub store_errors: u64,
}

impl Checker {
    /// So many rows, all at version 0, under a load of the given seed.
    pub fn new(rows: usize, seed: u64) -> Checker {
        Checker {
            begun: Instant::now(),
            rows: (0..rows).map(|_| Mutex::default()).collect(),
            pace: Mutex::new(Rng::with_seed(seed)),
            all_writes_count: AtomicBool::new(true),
            counts: watch::Sender::default(),
            tallies: Mutex::default(),
            by_function: Mutex::default(),
            stale: Mutex::default(),
        }
    }

    /// From now on a write counts as acknowledged only if its invalidation reached the store.
    pub fn count_only_writes_that_reached_the_store(&self) {
        self.all_writes_count.store(false, Ordering::SeqCst);
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The database's `SELECT`: slow, now and then, before and after it sees the row.
    pub async fn load(&self, who: u32, row: usize) -> u64 {
        self.pause().await;
        let version = self.on(row, |r| (r.version, Event::Loaded(r.version)), who);
        self.pause().await;
        version
    }

    /// The database's `UPDATE`: slow, now and then, before and after it commits.
    pub async fn commit(&self, who: u32, row: usize) -> u64 {
        self.pause().await;
        let commit = |r: &mut Row| {
            r.version += 1;
            (r.version, Event::Committed(r.version))
        };
        let version = self.on(row, commit, who);
        self.pause().await;
        version
    }

    /// What a read that begins now may not fall below.
    pub fn floor(&self, who: u32, row: usize) -> u64 {
        self.on(row, |r| (r.floor, Event::ReadBegan), who)
    }

    /// A writer has told its caller that `version` is written; `reached` says whether the store knows.
    pub fn acknowledge(&self, who: u32, row: usize, version: u64, reached: bool) {
        let counts = reached || self.all_writes_count.load(Ordering::SeqCst);
        let acknowledge = |r: &mut Row| {
            if !counts {
                return ((), Event::Unreached(version));
            }
            r.floor = r.floor.max(version);
            ((), Event::Acknowledged(version))
        };
        self.on(row, acknowledge, who);
        self.counts.send_modify(|c| {
            c.writes += u64::from(counts);
            c.unreached += u64::from(!reached);
        });
    }

    /// Judges a read.
    pub fn observe(&self, who: u32, reading: Reading) {
        let Reading { row, function, floor, version, loaded } = reading;
        let newest = self.on(row, |r| (r.version, Event::Read(function, version)), who);
        // A version that never was would be wrong in a worse way.
        let stale = !(floor..=newest).contains(&version);
        if stale {
            let mut told = lock(&self.stale);
            if told.len() < TOLD {
                told.push(self.account(who, reading));
            }
        }
        let mut by_function = lock(&self.by_function);
        let answers = by_function.entry(function).or_default();
        answers.reads += 1;
        answers.hits += u64::from(!loaded);
        drop(by_function);
        self.counts.send_modify(|c| {
            c.reads += 1;
            c.hits += u64::from(!loaded);
            c.stale += u64::from(stale);
        });
    }

    /// Notes what the cache of process `who` has counted so far.
    pub fn tally(&self, who: u32, tally: Tally) {
        lock(&self.tallies).insert(who, tally);
    }

    /// The sum of what the caches have counted.
    pub fn tallied(&self) -> Tally {
        let tallies = lock(&self.tallies);
        tallies.values().fold(Tally::default(), |sum, t| Tally {
            hits: sum.hits + t.hits,
            coalesced: sum.coalesced + t.coalesced,
            superseded: sum.superseded + t.superseded,
            store_errors: sum.store_errors + t.store_errors,
        })
    }

    /// What has been seen so far.
    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// What has been seen of each function that was read through.
    pub fn by_function(&self) -> BTreeMap<Function, Answers> {
        lock(&self.by_function).clone()
    }

    /// Waits until the counts are as wanted.
    pub async fn until(&self, wanted: impl FnMut(&Counts) -> bool) {
        let seen = self.counts.subscribe().wait_for(wanted).await.is_ok();
        assert!(seen, "a checker keeps its counts");
    }

    /// The version that the database holds.
    pub fn current(&self, row: usize) -> u64 {
        lock(&self.rows[row]).version
    }

    /// Panics if a read was stale, and tells what happened to its row.
    pub fn assert_nothing_stale(&self) {
        let Counts { stale, reads, .. } = self.counts();
        let accounts = lock(&self.stale).join("\n");
        assert!(stale == 0, "{stale} of {reads} reads were stale:\n{accounts}");
    }

    fn on<T>(&self, row: usize, act: impl FnOnce(&mut Row) -> (T, Event), who: u32) -> T {
        let mut row = lock(&self.rows[row]);
        let (answer, event) = act(&mut row);
        if row.history.len() == HISTORY {
            row.history.pop_front();
        }
        row.history.push_back((self.begun.elapsed(), who, event));
        answer
    }

    fn account(&self, who: u32, reading: Reading) -> String {
        let Reading { row, function, floor, version, .. } = reading;
        let mut account = format!(
            "caller {who} read row {row} by {function:?} and got version {version}, where {floor} was the least \
             that it could be:\n"
        );
        account += &self.history(row);
        account
    }

    /// What happened to a row of late.
    pub fn history(&self, row: usize) -> String {
        let row = lock(&self.rows[row]);
        let line = |(when, who, event): &(Duration, u32, Event)| {
            format!("  {:>12.3} ms  caller {who:<5} {event}\n", when.as_secs_f64() * 1e3)
        };
        row.history.iter().map(line).collect()
    }

    /// Mostly none; sometimes a few milliseconds, so that reads and writes overlap in all ways.
    async fn pause(&self) {
        let micros = {
            let mut pace = lock(&self.pace);
            match pace.u8(..100) {
                0..70 => 0,
                70..95 => pace.u64(..2_000),
                _ => pace.u64(4_000..12_000),
            }
        };
        if micros > 0 {
            sleep(Duration::from_micros(micros)).await;
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Loaded(version) => write!(f, "loads {version}"),
            Event::Committed(version) => write!(f, "commits {version}"),
            Event::Acknowledged(version) => write!(f, "acknowledges {version}"),
            Event::Unreached(version) => {
                write!(f, "acknowledges {version}, of which the store has not been told yet")
            }
            Event::ReadBegan => f.write_str("begins to read"),
            Event::Read(function, version) => write!(f, "has read {version} by {function:?}"),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { reads, hits, writes, unreached, stale } = self;
        write!(
            f,
            "{reads} reads ({hits} without a load of their own), {writes} writes acknowledged, \
             {unreached} that had not reached the store, {stale} stale reads"
        )
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} reads, {} of them hits", self.reads, self.hits)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { hits, coalesced, superseded, store_errors } = self;
        write!(
            f,
            "{hits} hits, {coalesced} shared loads, {superseded} superseded, {store_errors} store errors"
        )
    }
}

/// Each change is whole before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
