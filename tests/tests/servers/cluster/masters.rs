//! One of three masters that dies: its slots are loaded, all others go on hitting.

use std::time::Duration;

use cache_runtime::{Breaker, Cache, Policy};
use cache_tests::{
    cluster::RedisCluster, herd::counters, patience::eventually, rows::get_or,
    stores::patient_cache,
};

use crate::numbered::{ROWS, divided, key, many, read, read_all, single};

#[tokio::test]
async fn a_dead_master_costs_its_own_slots_and_no_others() {
    const DEAD: usize = 1;
    let mut cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    let (lost, kept) = divided(&cluster, DEAD);
    for row in 0..ROWS {
        read(&cache, row).await;
    }
    let before = single(&cache);
    assert_eq!((before.loads, before.store_errors), (ROWS, 0));
    cluster.node_mut(DEAD).kill();

    for &row in &kept {
        assert_eq!(read(&cache, row).await, row);
    }
    let after = single(&cache);
    assert_eq!((after.hits, after.loads), (kept.len() as u64, ROWS), "every other row hits");
    assert_eq!(after.store_errors, 0);
    for &row in &lost {
        assert_eq!(read(&cache, row).await, row, "it is loaded, and nobody is told of an error");
    }
    let after = single(&cache);
    assert_eq!(after.loads, ROWS + lost.len() as u64);
    assert!(after.store_errors >= lost.len() as u64);

    let store = cache.stats().store;
    assert_eq!((store.opened, store.breaker == Breaker::Closed), (1, false), "its own breaker");

    // In a batch it is the same.
    assert_eq!(read_all(&cache).await, ROWS);
    let batch = many(&cache);
    assert_eq!((batch.hits, batch.misses), (kept.len() as u64, lost.len() as u64));

    cluster.node_mut(DEAD).restart();
    eventually("the rows of the master that is back hit again", async || {
        let mut hits = single(&cache).hits;
        for &row in &lost {
            read(&cache, row).await;
            let now = single(&cache).hits;
            if now == hits {
                return false;
            }
            hits = now;
        }
        true
    })
    .await;
}

/// Each master has a breaker of its own, which opens for it alone, and closes by itself.
#[tokio::test]
async fn a_silent_master_is_left_alone_and_the_others_are_not() {
    let cluster = RedisCluster::start();
    let cache = Cache::builder().url(&cluster.url()).deadline(Duration::from_millis(300));
    let cache = cache.build().await.expect("the cluster is there");
    for row in 0..ROWS {
        read(&cache, row).await;
    }
    let (lost, kept) = divided(&cluster, 2);
    let silent = &cluster.nodes()[2];
    silent.server().pause();
    let first = cache.stats().store;
    for &row in &lost {
        assert_eq!(read(&cache, row).await, row);
    }
    let open = cache.stats().store;
    assert_eq!((open.opened, open.breaker == Breaker::Closed), (1, false));
    assert_eq!(
        open.failures - first.failures,
        5,
        "five calls have found out, and no other has asked"
    );
    let hits = single(&cache).hits;
    for &row in kept.iter().chain(&kept) {
        assert_eq!(read(&cache, row).await, row);
    }
    assert_eq!(single(&cache).hits - hits, 2 * kept.len() as u64, "the others hit");
    silent.server().resume();
    eventually("its breaker is closed, without a call", async || {
        cache.stats().store.breaker == Breaker::Closed
    })
    .await;
    assert_eq!(cache.stats().store.opened, 1);
}

/// The others' answers are there before the call is given up.
#[tokio::test]
async fn a_silent_master_costs_a_batch_its_own_rows_and_no_others() {
    let cluster = RedisCluster::start();
    let cache = Cache::builder().url(&cluster.url()).deadline(Duration::from_secs(2));
    let cache = cache.build().await.expect("the cluster is there");
    assert_eq!(read_all(&cache).await, ROWS);
    let silent = &cluster.nodes()[2];
    let (lost, kept) = divided(&cluster, 2);
    silent.server().pause();
    assert_eq!(read_all(&cache).await, ROWS);
    silent.server().resume();
    let batch = many(&cache);
    assert_eq!((batch.hits, batch.misses), (kept.len() as u64, ROWS + lost.len() as u64));
}

/// A writer that comes after it tells it what it has to tell, and does not wait.
#[tokio::test]
async fn a_batch_that_waits_in_vain_shows_that_a_master_is_silent() {
    let cluster = RedisCluster::start();
    let cache = Cache::builder().url(&cluster.url()).deadline(Duration::from_millis(300));
    let cache = cache.breaker(1, Duration::from_secs(1)).build().await.expect("it is there");
    assert_eq!(read_all(&cache).await, ROWS);
    let silent = &cluster.nodes()[2];
    let (lost, _) = divided(&cluster, 2);
    silent.server().pause();
    assert_eq!(read_all(&cache).await, ROWS);
    let before = cache.stats().store;
    let fence = cache.fence([key(lost[0])]).await;
    assert!(!fence.stands());
    assert!(fence.try_settle().await.is_err(), "nobody has said yet that it has arrived");
    let after = cache.stats().store;
    assert_eq!((before.opened, after.failures), (1, before.failures), "nothing has come too late");
    silent.server().resume();
}

#[tokio::test]
async fn a_look_over_connections_that_were_cut_is_sent_again() {
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    let policy = Policy::ttl(3600).name("tagged");
    let look = async || get_or(&cache, &["a", "b", "c"], "row:1", &policy, 1).await;
    assert_eq!(look().await, 1);
    for node in cluster.nodes() {
        let cut = node.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert_ne!(cut.trim(), ":0");
    }
    assert_eq!(look().await, 1);
    let row = counters(&cache, "tagged");
    assert_eq!((row.hits, row.loads, row.store_errors), (1, 1, 0));
}
