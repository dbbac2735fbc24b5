//! Makes a number of calls in one way, and nothing else, for `main.rs` to count: `one_way <way> <hit|miss> <300 B|8 KB> <times>`.
//!
//! It prints the allocations of a call. valgrind, where it runs this, counts the instructions.

use std::alloc::System;

use cache_compare::{
    interleaved::{Call, Outcome, calls, prepared},
    value::Size,
    ways::{Subject, Way},
};
use cache_test_support::server::RedisServer;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [way, outcome, size, times] = args.as_slice() else {
        panic!("usage: one_way <way> <hit|miss> <300 B|8 KB> <times>");
    };
    let way = Way::named(way).expect("a way");
    let outcome = if outcome == "hit" { Outcome::Hit } else { Outcome::Miss };
    let size = Size::ALL.into_iter().find(|one| one.name() == size).expect("a size");
    let times: u64 = times.parse().expect("a number");
    let server = RedisServer::start();
    let subject = Subject::new(&server.url()).await;
    let call = Call { outcome, size, callers: 1 };
    prepared(subject, way, call).await;
    calls(subject, way, call, 0, 10).await;
    let region = Region::new(ALLOCATOR);
    calls(subject, way, call, 0, times).await;
    let change = region.change();
    println!("{:.1}", (change.allocations + change.reallocations) as f64 / times as f64);
}
