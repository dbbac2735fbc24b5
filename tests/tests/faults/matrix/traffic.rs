//! Faults that come and go under traffic: readers and writers of the same rows are at every point of their calls then.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cache_tests::{
    faults::Fault,
    operations::{Operation, Service},
    patience::in_time,
};
use fastrand::Rng;
use tokio::{
    task::JoinSet,
    time::{Duration, sleep},
};

use super::{Field, ROW};

/// How often each fault comes.
const ROUNDS: usize = 3;

/// Tasks that call one operation after the other.
const CALLERS: u64 = 8;

/// Rows that they call for: few, so that they meet.
const ROWS: u64 = 4;

/// One call in so many writes.
const WRITE_EVERY: u32 = 8;

/// How many calls see the server well, and how many see it unwell.
const CALLS: u64 = 600;

/// Between two calls of a task.
const PACE: Duration = Duration::from_millis(1);

async fn caller(service: Arc<Service>, stop: Arc<AtomicBool>, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    while !stop.load(Ordering::Relaxed) {
        let operation = match rng.u32(..WRITE_EVERY) {
            0 => rng.choice([Operation::Invalidate, Operation::WriteThrough]),
            _ => rng.choice([Operation::Read, Operation::LockedRead, Operation::Batch]),
        };
        let operation = operation.expect("there are operations");
        in_time("an answer", service.call(operation, ROW + rng.u64(..ROWS))).await;
        sleep(PACE).await;
    }
}

async fn under_traffic(fault: Fault) {
    let mut field = Field::for_faults(vec![fault]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let callers: JoinSet<()> = (0..CALLERS)
        .map(|seed| caller(Arc::clone(&field.service), Arc::clone(&stop), seed))
        .collect();
    for _ in 0..ROUNDS {
        field.calls_are_made().await;
        field.inject(fault);
        field.calls_are_made().await;
        field.heal(fault);
        field.hits_are_seen().await;
    }
    stop.store(true, Ordering::Relaxed);
    in_time("the end of the calls", callers.join_all()).await;
    field.hits_resume().await;
    field.assert_all_was_right(fault);
}

impl Field {
    /// Waits until others have made some calls.
    async fn calls_are_made(&self) {
        let enough = self.service.seen().calls + CALLS;
        let made = async {
            while self.service.seen().calls < enough {
                sleep(PACE).await
            }
        };
        in_time("calls that are answered", made).await;
    }

    /// Waits until the cache answers others.
    async fn hits_are_seen(&self) {
        let hits = || self.service.cache().stats().total().hits;
        let enough = hits() + CALLS;
        let seen = async {
            while hits() < enough {
                sleep(PACE).await
            }
        };
        in_time("hits", seen).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_under_traffic() {
    let each: JoinSet<()> = Fault::ALL.into_iter().map(under_traffic).collect();
    each.join_all().await;
}
