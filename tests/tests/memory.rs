//! What an embedded store takes of the memory of its process, and what calls for very many keys do.
//!
//! One test, for all that this process allocates is counted.

use std::{
    alloc::System,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use cache_runtime::Cache;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MIB: usize = 1 << 20;

/// How much memory is held that was not when `region` began.
fn held(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated - change.bytes_deallocated.min(change.bytes_allocated)
}

/// Stores so many values of so many bytes, and returns the memory that the store holds at most.
async fn most_held(url: &str, values: usize, bytes: usize) -> usize {
    let region = Region::new(ALLOCATOR);
    let cache = Cache::connect(url).await.expect("a good URL");
    let value = "x".repeat(bytes);
    let mut most = 0;
    for id in 0..values {
        cache.try_put(format!("value:{id}"), &value, 60).await.expect("the embedded store answers");
        most = most.max(held(&region));
    }
    most
}

/// How much more memory is held at most while `call` is at work.
async fn peak(call: impl Future<Output = ()>) -> usize {
    let over = AtomicBool::new(false);
    let region = Region::new(ALLOCATOR);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !over.load(Ordering::Acquire) {
                most = most.max(held(&region));
                thread::yield_now();
            }
            most
        });
        // Nothing in it waits for anything: the store is embedded.
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(call));
        over.store(true, Ordering::Release);
        watch.join().expect("it does not panic")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_keeps_to_its_bytes_and_a_call_to_those_of_its_keys() {
    a_store_keeps_to_its_bytes().await;
    a_call_for_many_keys_holds_little_more_than_the_keys().await;
}

async fn a_call_for_many_keys_holds_little_more_than_the_keys() {
    const KEYS: usize = 200_000;
    let cache = Cache::in_memory();
    let keys = || (0..KEYS).map(|id| format!("row:{id}"));
    let invalidated = peak(cache.invalidate_tags(keys())).await;
    let fenced = peak(async { cache.fence(keys()).await.settle().await }).await;
    // Of each key its name, a fence in the store, and the writer's own part of it.
    println!("a key: {} bytes invalidated, {} bytes fenced", invalidated / KEYS, fenced / KEYS);
    assert!(invalidated < 300 * KEYS, "{} bytes for each tag", invalidated / KEYS);
    assert!(fenced < 700 * KEYS, "{} bytes for each key", fenced / KEYS);
}

async fn a_store_keeps_to_its_bytes() {
    let most = most_held("memory://", 400, MIB).await;
    assert!((200 * MIB..=256 * MIB).contains(&most), "{} MiB", most / MIB);
    for bytes in [10, 300, 1_000, 100_000] {
        let most = most_held("memory://?max_bytes=4MiB", 8 * MIB / (bytes + 300), bytes).await;
        assert!((2 * MIB..=4 * MIB).contains(&most), "{bytes}: {} KiB", most >> 10);
    }
}
