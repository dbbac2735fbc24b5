//! Keys of all slots, on one cache.

use cache_runtime::{Cache, Error, Policy};
use cache_tests::{cluster::RedisCluster, rows::get_or, stores::patient_cache};

const ROW: Policy = Policy::ttl(3600).lock().name("row");

#[tokio::test]
async fn each_key_is_kept_by_the_master_of_its_slot() {
    const ROWS: u64 = 300;
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    for id in 0..ROWS {
        let key = format!("row:{id}");
        assert_eq!(get_or(&cache, &[], &key, &ROW, id).await, id);
        assert_eq!(get_or(&cache, &[], &key, &ROW, u64::MAX).await, id, "the second call hits");
    }
    let keys = |node: &cache_tests::cluster::Node| {
        let size = node.command(&["DBSIZE"]);
        size.trim().trim_start_matches(':').parse::<u64>().expect("a number")
    };
    let kept: Vec<u64> = cluster.nodes().iter().map(keys).collect();
    assert_eq!(kept.iter().sum::<u64>(), ROWS);
    assert!(kept.iter().all(|&kept| kept > ROWS / 6), "{kept:?}");
    // The table was known before the first of them.
    assert_eq!(cluster.errors().get("MOVED"), None);
    let stats = cache.stats();
    assert_eq!((stats.functions[0].hits, stats.functions[0].store_errors), (ROWS, 0));
}

#[tokio::test]
async fn what_a_url_cannot_mean_is_said() {
    for (url, said) in [
        ("redis+cluster://:secret@a:1,b:2/3", "a cluster has no database but 0"),
        ("redis+cluster://:secret@a:1,a:1", "`a:1` is named twice"),
        ("redis+cluster://:secret@", "a host is missing"),
    ] {
        let error = Cache::connect(url).await.expect_err("it means nothing");
        assert!(matches!(error, Error::Config(_)), "{error:?}");
        let error = error.to_string();
        assert!(error.contains(said) && !error.contains("secret"), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_cache_says_where_its_cluster_is() {
    let url = "redis+cluster://user:secret@127.0.0.1:1,127.0.0.1:2";
    let cache = Cache::connect(url).await.expect("it need not be there");
    let shown = format!("{cache:?}");
    assert!(shown.contains("cluster at 127.0.0.1:1, 127.0.0.1:2"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}
