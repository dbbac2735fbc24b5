//! Writing behind on a cluster: what is one step has to be in one slot, and survives the master of that slot.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Error, Policy, WriteBehind};
use cache_tests::{
    cluster::RedisCluster,
    patience::{eventually, in_time},
    replicas::ReplicatedCluster,
    stores::patient_cache,
};

const VIEWS: Policy = Policy::ttl(3600).name("views");

#[tokio::test]
async fn a_hash_tag_keeps_a_queue_and_its_keys_together() {
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    let views: WriteBehind<u64> = cache.write_behind("{views}", &VIEWS);
    let flushed = Arc::<Mutex<Vec<u64>>>::default();
    let database = Arc::clone(&flushed);
    let flusher = views.flusher(move |batch: Vec<u64>| {
        database.lock().expect("nobody panics").extend(batch);
        async { Ok::<_, std::io::Error>(()) }
    });
    for page in 0..100 {
        views.write(format!("{{views}}:{page}"), &page).await.expect("it is accepted");
        assert_eq!(cache.get::<u64>(format!("{{views}}:{page}")).await, Ok(Some(page)));
    }
    flusher.shutdown().await;
    let mut flushed = std::mem::take(&mut *flushed.lock().expect("nobody panics"));
    flushed.sort_unstable();
    assert_eq!(flushed, (0..100).collect::<Vec<_>>());
    assert_eq!(cache.get::<u64>("{views}:7").await, Ok(Some(7)), "it stays, like any value");
}

#[tokio::test]
async fn what_is_missing_is_said_before_anything_is_sent() {
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    let untagged: WriteBehind<u64> = cache.write_behind("views", &VIEWS);
    let error = untagged.write("views:7", &1).await.expect_err("there is no slot for both");
    let Error::Config(said) = &error else { panic!("{error:?}") };
    assert!(said.contains("call the queue `views` `{views}`"), "{said}");
    let tagged: WriteBehind<u64> = cache.write_behind("{views}", &VIEWS);
    let error = tagged.write("views:7", &1).await.expect_err("the key is elsewhere");
    let Error::Config(said) = &error else { panic!("{error:?}") };
    assert!(said.contains("put the queue's hash tag into the key, as in `{views}:<id>`"), "{said}");
    assert_eq!(cluster.calls().get("xadd"), None);
    assert_eq!(cluster.errors().get("CROSSSLOT"), None);
}

/// What the replica has of the queue when its master dies is all that was accepted, so all of it is flushed.
#[tokio::test]
async fn what_was_accepted_survives_the_master_of_its_queue() {
    const PAGES: u64 = 100;
    const GONE: usize = 0;
    let mut cluster = ReplicatedCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    let names = (0..100).map(|name| format!("{{views:{name}}}"));
    let name = names.into_iter().find(|name| cluster.serves(GONE, name)).expect("one of them is");
    let views: WriteBehind<(u64, u64)> = cache.write_behind(&name, &VIEWS).batch(5);
    let key = |page: u64| format!("{name}:{page}");
    for page in 0..PAGES {
        views.write(key(page), &(page, 1)).await.expect("it is accepted");
    }
    eventually("the replica is in step", async || cluster.is_in_step(GONE)).await;
    // Some of it is in the database when the master dies.
    let database = Arc::<Mutex<BTreeMap<u64, u64>>>::default();
    let batches = Arc::<AtomicU64>::default();
    let flusher = views.flusher({
        let (database, batches) = (Arc::clone(&database), Arc::clone(&batches));
        move |batch: Vec<(u64, u64)>| {
            let (database, batches) = (Arc::clone(&database), Arc::clone(&batches));
            async move {
                database.lock().expect("nobody panics").extend(batch);
                batches.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok::<_, std::io::Error>(())
            }
        }
    });
    eventually("it is flushed", async || batches.load(Ordering::SeqCst) > 2).await;
    cluster.let_take_over(GONE);
    cluster.master_mut(GONE).kill();
    assert!(database.lock().expect("nobody panics").len() < PAGES as usize, "some of it is queued");
    // Who writes is told that it cannot be accepted, and writes again.
    let mut refused = 0;
    for page in 0..PAGES / 2 {
        eventually("it is accepted", async || {
            let accepted = views.write(key(page), &(page, 2)).await.is_ok();
            refused += u64::from(!accepted);
            accepted
        })
        .await;
    }
    println!("{refused} writes were refused while there was no master");
    assert!(cluster.is_promoted(GONE));
    in_time("the end of the queue", flusher.shutdown()).await;
    assert_eq!(views.len().await, Ok(0));
    let expected = (0..PAGES).map(|page| (page, if page < PAGES / 2 { 2 } else { 1 }));
    assert_eq!(*database.lock().expect("nobody panics"), expected.collect());
    assert_eq!(cache.get(key(0)).await, Ok(Some((0, 2))));
    // What the old master had accepted is in the database, and not believed any more.
    assert_eq!(cache.get::<(u64, u64)>(key(PAGES - 1)).await, Ok(None));
}
