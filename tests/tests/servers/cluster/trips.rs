//! What calls cost on a cluster: one command for each slot, and all of them at once.

use cache_runtime::Policy;
use cache_tests::{
    cluster::{Node, RedisCluster},
    patience::{eventually, in_time},
    rows::get_or,
    stores::patient_cache,
};

const ROW: Policy = Policy::ttl(3600).name("row");

/// How often a node, or all of them, looked at keys.
fn looks(calls: std::collections::BTreeMap<String, u64>) -> (u64, u64) {
    let of = |command: &str| calls.get(command).copied().unwrap_or(0);
    (of("get"), of("mget"))
}

/// Keeps a node from answering until it is dropped.
struct Paused<'a>(&'a Node);

impl Paused<'_> {
    fn new(node: &Node) -> Paused<'_> {
        node.server().pause();
        Paused(node)
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.server().resume();
    }
}

/// The other one is asked though the first has not answered, whichever is the first.
#[tokio::test]
async fn an_entry_and_a_tag_on_two_masters_are_looked_at_at_the_same_time() {
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    let entry = cluster.owner("row:1");
    let tags = (0..100).map(|tag| format!("tenant:{tag}"));
    let elsewhere = |tag: &String| cluster.owner(&format!("#tag:{tag}")) != entry;
    let tag = tags.into_iter().find(elsewhere).expect("some tag is on another master");
    let nodes = [entry, cluster.owner(&format!("#tag:{tag}"))].map(|node| &cluster.nodes()[node]);
    assert_eq!(get_or(&cache, &[&tag], "row:1", &ROW, 1).await, 1);

    for (silent, other) in [(nodes[0], nodes[1]), (nodes[1], nodes[0])] {
        let before = looks(other.calls());
        let paused = Paused::new(silent);
        let reading = tokio::spawn({
            let (cache, tag) = (cache.clone(), tag.clone());
            async move { get_or(&cache, &[&tag], "row:1", &ROW, 1).await }
        });
        eventually("the other master is asked", async || looks(other.calls()).0 > before.0).await;
        assert!(!reading.is_finished());
        drop(paused);
        assert_eq!(in_time("the answer", reading).await.expect("it does not panic"), 1);
        assert_eq!(looks(other.calls()), (before.0 + 1, before.1));
    }
    let stats = cache.stats().total();
    assert_eq!((stats.hits, stats.loads, stats.store_errors), (2, 1, 0));
}

#[tokio::test]
async fn what_is_in_one_slot_is_looked_at_by_one_command() {
    const TAGS: [&str; 2] = ["{acme}", "{acme}:eu"];
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    get_or(&cache, &TAGS, "row:1:{acme}", &ROW, 1).await;
    get_or(&cache, &TAGS, "row:2", &ROW, 1).await;
    let before = looks(cluster.calls());
    get_or(&cache, &TAGS, "row:1:{acme}", &ROW, 1).await;
    assert_eq!(looks(cluster.calls()), (before.0, before.1 + 1), "three keys of one slot");
    get_or(&cache, &TAGS, "row:2", &ROW, 1).await;
    assert_eq!(looks(cluster.calls()), (before.0 + 1, before.1 + 2), "one slot, and another one");
    assert_eq!(cache.stats().total().hits, 2);
}

/// A cache whose one call was given up while a master was silent goes on with all the others.
#[tokio::test]
async fn a_silent_master_keeps_nobody_waiting_for_another_one() {
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    let silent = &cluster.nodes()[cluster.owner("row:1")];
    let others = (2..100).map(|row| format!("row:{row}"));
    let others: Vec<_> =
        others.filter(|row| cluster.owner(row) != cluster.owner("row:1")).collect();
    let paused = Paused::new(silent);
    let reading = tokio::spawn({
        let cache = cache.clone();
        async move { get_or(&cache, &[], "row:1", &ROW, 1).await }
    });
    for row in &others {
        assert_eq!(in_time("another master", get_or(&cache, &[], row, &ROW, 1)).await, 1);
        assert_eq!(in_time("another master", get_or(&cache, &[], row, &ROW, 1)).await, 1);
    }
    drop(paused);
    in_time("the answer", reading).await.expect("it does not panic");
    let stats = cache.stats().total();
    assert_eq!((stats.hits, stats.store_errors), (others.len() as u64, 0));
}
