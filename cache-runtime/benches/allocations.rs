//! Counts the allocations of a hit and of a miss, in each way. `hit` runs this as a process of its own, for counting
//! costs time, which is what `hit` measures.
//!
//! It prints a line for each: outcome, way, size, callers, and allocations for each call.

mod subject;

use std::{alloc::System, sync::Arc};

use cache_test_support::server::RedisServer;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use subject::{CALLERS, Call, Outcome, Size, Subject, Way};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many calls are counted: enough that tasks, timers and buffers made once do not show.
const CALLS: u64 = 64 * 200;

fn main() {
    let server = RedisServer::start();
    // One thread, so that what is counted is the same every time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(count(&server.url()));
}

async fn count(url: &str) {
    let subject = Subject::new(url).await;
    for outcome in Outcome::ALL {
        for &way in Way::ALL {
            for size in Size::ALL {
                for callers in [1, CALLERS] {
                    let call = Call { outcome, way, size };
                    let (outcome, way, size) = (outcome.name(), way.name(), size.name());
                    let each = of(&subject, call, callers).await;
                    println!("{outcome} {way} {size} {callers} {each:.1}");
                }
            }
        }
    }
}

/// Allocations and reallocations of one call.
async fn of(subject: &Arc<Subject>, call: Call, callers: u64) -> f64 {
    subject.calls(call, callers, 10).await;
    let region = Region::new(ALLOCATOR);
    subject.calls(call, callers, CALLS / callers).await;
    let change = region.change();
    (change.allocations + change.reallocations) as f64 / CALLS as f64
}
