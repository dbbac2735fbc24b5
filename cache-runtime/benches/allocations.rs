//! Counts the allocations of a hit, in each way. `hit` runs this as a process of its own, for counting
//! costs time, which is what `hit` measures.
//!
//! It prints a line for each: way, size, callers, and allocations for each hit.

mod subject;

use std::alloc::System;

use cache_test_support::server::RedisServer;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use subject::{CALLERS, Size, Subject, Way};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How many hits are counted: enough that tasks, timers and buffers made once do not show.
const HITS: u64 = 64 * 200;

fn main() {
    let server = RedisServer::start();
    // One thread, so that what is counted is the same every time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(count(&server.url()));
}

async fn count(url: &str) {
    let subject = Subject::new(url).await;
    for &way in Way::ALL {
        for size in Size::ALL {
            for callers in [1, CALLERS] {
                subject.hits(way, size, callers, 10).await;
                let region = Region::new(ALLOCATOR);
                subject.hits(way, size, callers, HITS / callers).await;
                let change = region.change();
                let made = (change.allocations + change.reallocations) as f64 / HITS as f64;
                println!("{} {} {callers} {made:.1}", way.name(), size.name());
            }
        }
    }
}
