//! Claims that come back with the server: the lease of a load and the fence of a write that were under way.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cache_runtime::{Cache, Policy};
use cache_tests::patience::eventually;
use tokio::sync::Notify;

use super::{Fallen, PLAIN, Persistence, Rows};

const POLICY: Policy = Policy::ttl(3600);

async fn is_back(cache: &Cache) {
    eventually("the server is used again", async || cache.get::<u64>("nothing").await.is_ok())
        .await;
}

/// A load that began before a write is not stored, although the server holds its lease again.
#[tokio::test]
async fn a_lease_that_comes_back_is_void() {
    let mut fallen = Fallen::start(Persistence::Snapshot);
    let (cache, other) = (fallen.cache(None).await, fallen.cache(None).await);
    let (began, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let load = tokio::spawn({
        let (cache, began, gate) = (cache.clone(), Arc::clone(&began), Arc::clone(&gate));
        async move {
            let load = || async {
                began.notify_one();
                gate.notified().await;
                Ok::<u64, std::io::Error>(1)
            };
            cache.get_or_load("row", &POLICY, load).await
        }
    });
    began.notified().await;
    fallen.save();
    // The write.
    other.try_invalidate("row").await.expect("the server is there");
    fallen.fall_back();
    is_back(&cache).await;
    is_back(&other).await;
    gate.notify_one();
    assert_eq!(load.await.expect("it does not panic").ok(), Some(1), "its caller called before");
    assert_eq!(other.get::<u64>("row").await, Ok(None));
    let value = other.get_or_load("row", &POLICY, || async { Ok::<u64, std::io::Error>(2) }).await;
    assert_eq!(value.ok(), Some(2));
    assert_eq!(cache.get::<u64>("row").await, Ok(Some(2)), "and the lease is in nobody's way");
}

/// A fence that comes back stands for its time: its writer may not have committed yet, and may die.
#[tokio::test]
async fn a_fence_that_comes_back_keeps_loads_out_until_it_falls() {
    let (mut fallen, rows) = (Fallen::start(Persistence::Snapshot), Rows::default());
    let (cache, other) = (fallen.cache(None).await, fallen.cache(None).await);
    let fence = cache.fence([format!("plain:{PLAIN}")]).await;
    assert!(fence.stands());
    fallen.save();
    fallen.fall_back();
    is_back(&cache).await;
    is_back(&other).await;
    let loads = AtomicU64::new(0);
    for _ in 0..3 {
        assert_eq!(rows.plain(&other, PLAIN).await, Ok(1));
        loads.fetch_add(1, Ordering::SeqCst);
    }
    assert_eq!(rows.loads(), loads.load(Ordering::SeqCst), "nothing is stored under it");
    // The write commits now, and its writer is gone before it has settled.
    rows.versions.lock().expect("nobody panics here").insert(PLAIN, 2);
    drop(fence);
    eventually("the fence has fallen", async || {
        let before = rows.loads();
        assert_eq!(rows.plain(&other, PLAIN).await, Ok(2));
        rows.loads() == before
    })
    .await;
}

/// A settlement does not leave its value where its fence is not the server's own any more.
#[tokio::test]
async fn a_write_that_began_before_leaves_no_value() {
    let (mut fallen, rows) = (Fallen::start(Persistence::Snapshot), Arc::new(Rows::default()));
    let (cache, other) = (fallen.cache(None).await, fallen.cache(None).await);
    let (began, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let write = tokio::spawn({
        let (cache, began, gate) = (cache.clone(), Arc::clone(&began), Arc::clone(&gate));
        async move {
            let write = || async {
                began.notify_one();
                gate.notified().await;
                Ok::<u64, std::io::Error>(2)
            };
            cache.write_through(format!("plain:{PLAIN}"), &POLICY, write).await
        }
    });
    began.notified().await;
    fallen.save();
    fallen.fall_back();
    is_back(&cache).await;
    is_back(&other).await;
    // Another write comes later, and is settled before.
    rows.versions.lock().expect("nobody panics here").insert(PLAIN, 3);
    other.try_invalidate(format!("plain:{PLAIN}")).await.expect("the server is there");
    gate.notify_one();
    assert_eq!(write.await.expect("it does not panic").ok(), Some(2));
    eventually("the fence has fallen", async || {
        let before = rows.loads();
        assert_eq!(rows.plain(&other, PLAIN).await, Ok(3));
        rows.loads() == before
    })
    .await;
}
