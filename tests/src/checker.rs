//! The truth that fault tests hold a cache against: rows that are a version each, and a judge of reads.
//!
//! A write that was acknowledged raises its row's *floor*. A read asks for the floor before it begins; if it
//! then returns an older version, it is stale: it began after a newer one had been acknowledged.

mod report;

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
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

pub use self::report::{Answers, Counts, Function, Reading, Tally};

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
    behind: Mutex<Vec<Duration>>,
}

#[derive(Debug, Default)]
struct Row {
    version: u64,
    floor: u64,
    /// When the floor was raised, and to what.
    raised: Vec<(u64, Duration)>,
    /// When each caller has last begun to read.
    began: HashMap<u32, Duration>,
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

impl Row {
    /// How far behind a read of `version` was that `who` has begun last.
    fn behind(&self, who: u32, version: u64) -> Duration {
        let missed = self.raised.partition_point(|&(floor, _)| floor <= version);
        let acknowledged = self.raised.get(missed).map(|&(_, when)| when);
        let began = self.began.get(&who).copied();
        began.zip(acknowledged).map_or(Duration::MAX, |(began, then)| began.saturating_sub(then))
    }
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
            behind: Mutex::default(),
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
        let begin = |r: &mut Row| {
            r.began.insert(who, self.begun.elapsed());
            (r.floor, Event::ReadBegan)
        };
        self.on(row, begin, who)
    }

    /// A writer has told its caller that `version` is written; `reached` says whether the store knows.
    pub fn acknowledge(&self, who: u32, row: usize, version: u64, reached: bool) {
        let counts = reached || self.all_writes_count.load(Ordering::SeqCst);
        let acknowledge = |r: &mut Row| {
            if !counts {
                return ((), Event::Unreached(version));
            }
            if version > r.floor {
                r.floor = version;
                r.raised.push((version, self.begun.elapsed()));
            }
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
            lock(&self.behind).push(lock(&self.rows[row]).behind(who, version));
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
            local_hits: sum.local_hits + t.local_hits,
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

    /// How far behind each stale read was: for how long the first write that it missed had been acknowledged when it began. The
    /// smallest comes first.
    pub fn behind(&self) -> Vec<Duration> {
        let mut behind = lock(&self.behind).clone();
        behind.sort_unstable();
        behind
    }

    /// The same in words, and the most.
    pub fn tell_behind(&self) -> Duration {
        let behind = self.behind();
        let Some(&most) = behind.last() else {
            println!("no read was stale");
            return Duration::ZERO;
        };
        let part = |percent: usize| behind[(behind.len() - 1) * percent / 100];
        println!(
            "{} reads were stale: half of them by {:?} at most, 90 % by {:?}, 99 % by {:?}, all by {most:?}",
            behind.len(),
            part(50),
            part(90),
            part(99),
        );
        most
    }

    /// The version that the database holds.
    pub fn current(&self, row: usize) -> u64 {
        lock(&self.rows[row]).version
    }

    /// Panics if a read was stale, and tells what happened to its row.
    pub fn assert_nothing_stale(&self) {
        let Counts { stale, reads, .. } = self.counts();
        assert!(stale == 0, "{stale} of {reads} reads were stale:\n{}", self.stale_reads());
    }

    /// What happened to the rows of the first stale reads.
    pub fn stale_reads(&self) -> String {
        lock(&self.stale).join("\n")
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

/// Each change is whole before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stale_read_is_behind_the_first_write_that_it_missed() {
        let checker = Checker::new(1, 1);
        let (writer, reader) = (1, 2);
        let second = Duration::from_secs(1);
        for version in 1..=3 {
            assert_eq!(checker.commit(writer, 0).await, version);
            checker.acknowledge(writer, 0, version, true);
            sleep(second).await;
        }
        let mut expected = Vec::new();
        for version in [3, 2, 1] {
            let floor = checker.floor(reader, 0);
            let (function, loaded) = (Function::Plain, false);
            checker.observe(reader, Reading { row: 0, function, floor, version, loaded });
            expected.push(second * (3 - version as u32));
        }
        assert_eq!(expected.remove(0), Duration::ZERO, "this one is not stale");
        let behind = checker.behind();
        assert_eq!(behind.len(), 2);
        // Commits take milliseconds.
        for (behind, expected) in behind.into_iter().zip(expected) {
            assert!((expected..expected + second / 2).contains(&behind), "{behind:?}");
        }
    }
}
