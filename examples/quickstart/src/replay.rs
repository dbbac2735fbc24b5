//! Sends a workload from several tasks, and checks every read against the updates before it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    format::seconds,
    progress::Bar,
    users::{User, Users},
    workload::{Operation, Workload},
};

/// How many requests a task sends between two movements of the progress bar.
const STEP: usize = 256;

/// In how many parts the hit rate is told.
const PARTS: usize = 40;

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// SQL statements that were sent.
    pub(crate) selects: u64,
    pub(crate) updates: u64,
    /// Reads that returned less than an update which was over before the read began.
    pub(crate) stale_reads: u64,
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub(crate) elapsed: Duration,
    /// The part of the reads that needed no query, for each of some parts of the requests in their order.
    pub(crate) hit_rates: Vec<f64>,
    /// When each request was sent, in milliseconds from the start.
    #[serde(skip)]
    pub(crate) moments: Vec<u32>,
}

impl Outcome {
    /// All SQL statements that were sent.
    pub(crate) fn queries(&self) -> u64 {
        self.selects + self.updates
    }
}

/// Sends the workload once, to a repository with a cache or without.
pub(crate) async fn replay(
    name: &'static str,
    users: &Arc<Users>,
    workload: &Arc<Workload>,
    versions: &Arc<Versions>,
    tasks: u32,
) -> rusqlite::Result<Outcome> {
    let before = users.statements();
    let run = Arc::new(Run {
        users: Arc::clone(users),
        workload: Arc::clone(workload),
        versions: Arc::clone(versions),
        bar: Bar::new(name, workload.operations.len() as u64),
        start: Instant::now(),
        next: AtomicUsize::new(0),
        moments: workload.operations.iter().map(|_| AtomicU32::new(0)).collect(),
        selects: parts(workload).map(|_| AtomicU64::new(before.0)).collect(),
        stale_reads: AtomicU64::new(0),
    });
    let mut sending = JoinSet::new();
    for _ in 0..tasks {
        sending.spawn(Arc::clone(&run).send());
    }
    while let Some(task) = sending.join_next().await {
        task.expect("sending requests does not panic")?;
    }
    let elapsed = run.start.elapsed();
    let after = users.statements();
    Ok(Outcome {
        selects: after.0 - before.0,
        updates: after.1 - before.1,
        stale_reads: run.stale_reads.load(Ordering::Relaxed),
        elapsed,
        hit_rates: run.hit_rates(after.0),
        moments: run.moments.iter().map(|moment| moment.load(Ordering::Relaxed)).collect(),
    })
}

/// Where the parts begin.
fn parts(workload: &Workload) -> impl Iterator<Item = usize> {
    (0..workload.operations.len()).step_by(workload.operations.len().div_ceil(PARTS).max(1))
}

/// What the tasks of a replay share.
struct Run {
    users: Arc<Users>,
    workload: Arc<Workload>,
    versions: Arc<Versions>,
    bar: Bar,
    start: Instant,
    /// The request to send next: each task takes one at a time, so they go out in order.
    next: AtomicUsize,
    moments: Vec<AtomicU32>,
    /// How many queries had been sent when each part began.
    selects: Vec<AtomicU64>,
    stale_reads: AtomicU64,
}

impl Run {
    /// One task: sends requests until none are left.
    async fn send(self: Arc<Self>) -> rusqlite::Result<()> {
        let mut sent = 0;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(operation) = self.workload.operations.get(index) else {
                return Ok(());
            };
            // 49 days fit.
            let moment = self.start.elapsed().as_millis() as u32;
            self.moments[index].store(moment, Ordering::Relaxed);
            if let Some(part) = self.part_that_begins(index) {
                self.selects[part].store(self.users.statements().0, Ordering::Relaxed);
            }
            match *operation {
                Operation::Read(user) => self.read(user).await?,
                Operation::Update(user) => self.update(user, index).await?,
            }
            sent += 1;
            if sent % STEP == 0 {
                self.bar.add(STEP as u64);
            }
        }
    }

    fn part_that_begins(&self, index: usize) -> Option<usize> {
        let length = self.workload.operations.len().div_ceil(PARTS).max(1);
        index.is_multiple_of(length).then_some(index / length)
    }

    /// Where so many queries have been sent in the end.
    fn hit_rates(&self, selects: u64) -> Vec<f64> {
        let begin: Vec<usize> = parts(&self.workload).collect();
        let sent: Vec<u64> = self.selects.iter().map(|s| s.load(Ordering::Relaxed)).collect();
        let rate = |part: usize| {
            let next = part + 1;
            let end = begin.get(next).copied().unwrap_or(self.workload.operations.len());
            let within = &self.workload.operations[begin[part]..end];
            let reads = within.iter().filter(|op| matches!(op, Operation::Read(_))).count();
            let queries = sent.get(next).copied().unwrap_or(selects).saturating_sub(sent[part]);
            // A query of a part may be sent while the next one has begun.
            (1.0 - queries as f64 / reads.max(1) as f64).clamp(0.0, 1.0)
        };
        (0..begin.len()).map(rate).collect()
    }

    async fn read(&self, user: u32) -> rusqlite::Result<()> {
        let floor = self.versions.acknowledged(user);
        let found = self.users.find(id(user)).await?;
        let version = found.ok_or(rusqlite::Error::QueryReturnedNoRows)?.version;
        if version < floor {
            self.stale_reads.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn update(&self, user: u32, index: usize) -> rusqlite::Result<()> {
        let id = id(user);
        let changed = User {
            id,
            name: format!("User {id}, renamed"),
            email: format!("user{id}+{index}@example.com"),
            // The database counts.
            version: 0,
        };
        let version = self.users.update(&changed).await?;
        self.versions.acknowledge(user, version);
        Ok(())
    }
}

/// The row's id of a user of the workload.
fn id(user: u32) -> u64 {
    u64::from(user) + 1
}

/// The newest version of each user whose update has returned. A read that begins later must not
/// return an older one.
pub(crate) struct Versions(Vec<AtomicU64>);

impl Versions {
    pub(crate) fn new(users: u32) -> Self {
        Versions((0..users).map(|_| AtomicU64::new(1)).collect())
    }

    fn acknowledged(&self, user: u32) -> u64 {
        self.0[user as usize].load(Ordering::SeqCst)
    }

    /// Two updates may return in another order than they were made.
    fn acknowledge(&self, user: u32, version: u64) {
        self.0[user as usize].fetch_max(version, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use cache_runtime::Cache;

    use super::{Outcome, Versions, replay};
    use crate::{database::Database, users::Users, workload::Workload};

    /// Sends reads of one user to a table in which the row has version 1.
    async fn one_user(reads: usize, acknowledged: u64) -> Outcome {
        one_user_of(Cache::disabled(), reads, acknowledged).await
    }

    async fn one_user_of(cache: Cache, reads: usize, acknowledged: u64) -> Outcome {
        let database = Database::create(1).expect("a table can be made");
        let hour = Duration::from_secs(3_600);
        let users = Arc::new(Users::new(database, cache, hour));
        let workload = Arc::new(Workload::new(vec![0; reads], 1, 0.0, 1));
        let versions = Arc::new(Versions::new(1));
        versions.acknowledge(0, acknowledged);
        let outcome = replay("test", &users, &workload, &versions, 2).await;
        outcome.expect("the table can be read")
    }

    #[tokio::test]
    async fn a_read_below_an_acknowledged_version_is_stale() {
        assert_eq!(one_user(3, 1).await.stale_reads, 0);
        assert_eq!(one_user(3, 2).await.stale_reads, 3);
    }

    #[tokio::test]
    async fn every_request_is_sent_once() {
        let outcome = one_user(1_000, 1).await;
        assert_eq!((outcome.selects, outcome.updates), (1_000, 0));
    }

    #[tokio::test]
    async fn without_a_cache_no_part_has_a_hit_and_with_one_only_the_first_misses() {
        let uncached = one_user(1_000, 1).await;
        assert_eq!(uncached.hit_rates.len(), 40);
        // Two tasks: a query of one part may be counted in the next.
        assert!(uncached.hit_rates.iter().all(|rate| *rate < 0.1), "{:?}", uncached.hit_rates);
        let cached = one_user_of(Cache::in_memory(), 1_000, 1).await;
        assert!(cached.hit_rates[0] > 0.9 && cached.hit_rates[0] < 1.0, "{:?}", cached.hit_rates);
        assert!(cached.hit_rates[1..].iter().all(|rate| *rate == 1.0), "{:?}", cached.hit_rates);
    }

    #[test]
    fn an_acknowledged_version_never_falls() {
        let versions = Versions::new(2);
        versions.acknowledge(1, 3);
        versions.acknowledge(1, 2);
        assert_eq!([0, 1].map(|user| versions.acknowledged(user)), [1, 3]);
    }
}
