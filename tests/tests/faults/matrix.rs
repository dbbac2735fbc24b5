//! The fault matrix: whatever is the matter with the server, every operation goes on answering rightly from its source,
//! and afterwards from the cache.

mod pairs;
mod sequences;
mod traffic;

use std::{fmt::Display, sync::Arc, time::Duration};

use cache_runtime::{Breaker, Cache, StoreStats};
use cache_tests::{
    faults::{Fault, Rig},
    herd::Herd,
    operations::{BATCH, Operation, Seen, Service},
    patience::in_time,
};
use tokio::{task::block_in_place, time::sleep};

/// The row that an operation is tried on: the first of a batch.
const ROW: u64 = 0;

/// A row that is stored when a fault begins, and written while it lasts.
const WRITTEN: u64 = BATCH;

/// A row that nothing else touches.
const UNTOUCHED: u64 = BATCH + 1;

/// Calls one after the other: many more than fail before the cache leaves a server alone.
const CALLS: u64 = 20;

/// Calls at once.
const HERD: usize = 32;

/// What an operation on a server may take that does not say that it fails. Otherwise it has all the time that it needs,
/// so that no answer comes too late on a busy machine.
const DEADLINE: Duration = Duration::from_millis(100);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(5);

/// A service, and the server that it is to do without.
struct Field {
    rig: Rig,
    service: Arc<Service>,
}

impl Field {
    /// A field on which these faults can be tried.
    async fn for_faults(faults: Vec<Fault>) -> Field {
        let silent = faults.iter().any(|fault| fault.is_silent());
        // A replica that is made a master again has another history, and is empty: here it is to be seen that it hits.
        let compares = !faults.contains(&Fault::ReadOnly);
        let rig = Rig::for_faults(faults).await;
        let deadline = if silent { DEADLINE } else { Duration::from_secs(10) };
        let builder = Cache::builder().url(&rig.url()).deadline(deadline);
        let cache = builder.incarnations(compares).build();
        let cache = in_time("a cache", cache).await.expect("a server that is away is no error");
        Field { rig, service: Arc::new(Service::new(cache)) }
    }

    fn inject(&mut self, fault: Fault) {
        block_in_place(|| fault.inject(&mut self.rig));
    }

    fn heal(&mut self, fault: Fault) {
        block_in_place(|| fault.heal(&mut self.rig));
    }

    async fn call(&self, operation: Operation, row: u64) {
        in_time("an answer", self.service.call(operation, row)).await;
    }

    /// Calls one after the other, and says what was seen of them.
    async fn calls(&self, operation: Operation, row: u64, calls: u64) -> Seen {
        let before = self.service.seen();
        for _ in 0..calls {
            self.call(operation, row).await;
        }
        self.service.seen() - before
    }

    /// Calls at once.
    async fn herd(&self, operation: Operation) {
        let herd = Herd::of(HERD, || {
            let service = Arc::clone(&self.service);
            async move { service.call(operation, ROW).await }
        });
        herd.answers().await;
    }

    /// Waits until the store is well and owed nothing, as the cache sees it. Nobody calls meanwhile.
    async fn recovers(&self) {
        let well = || {
            let StoreStats { breaker, pending_invalidations, .. } =
                self.service.cache().stats().store;
            (breaker, pending_invalidations) == (Breaker::Closed, 0)
        };
        let recovered = async {
            while !well() {
                sleep(LOOK).await
            }
        };
        in_time("the cache to recover by itself", recovered).await;
    }

    /// Calls until everything that is read is a hit, and stays one.
    async fn hits_resume(&self) {
        // A call that is answered at once does not give way to others, nor to a clock.
        let resumed = async {
            while self.loads_of_reads().await > 0 {
                sleep(LOOK).await
            }
        };
        in_time("every call to be a hit", resumed).await;
    }

    async fn loads_of_reads(&self) -> u64 {
        let mut loads = 0;
        for row in [ROW, WRITTEN, UNTOUCHED] {
            loads += self.calls(Operation::Read, row, CALLS).await.loads;
        }
        for operation in [Operation::LockedRead, Operation::Batch] {
            loads += self.calls(operation, ROW, CALLS).await.loads;
        }
        loads
    }

    /// Nobody was given what was not so, in all this time.
    fn assert_all_was_right(&self, what: impl Display) {
        let Seen { calls, stale, wrong, .. } = self.service.seen();
        assert!(calls > 0);
        assert_eq!((stale, wrong), (0, 0), "{what}: stale and wrong answers of {calls}");
    }
}
