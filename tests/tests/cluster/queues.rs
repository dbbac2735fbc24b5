//! Writing behind on a cluster: what is one step has to be in one slot.

use std::sync::{Arc, Mutex};

use cache_runtime::{Error, Policy, WriteBehind};
use cache_tests::{cluster::RedisCluster, stores::patient_cache};

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
