//! Slots that move under load: whoever reads or writes their keys follows them, and nothing stale is read.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use cache_runtime::{Cache, FunctionStats, Policy, WriteBehind};
use cache_tests::{
    chaos::{Tasks, keys, tag},
    checker::Checker,
    cluster::RedisCluster,
    patience::{eventually, in_time},
    stores::{DEADLINE, built, patient_cache},
};
use fastrand::Rng;
use tokio::task::spawn_blocking;

const ROW: Policy = Policy::ttl(3600).name("row");

/// How often nodes have answered so.
fn answered(cluster: &RedisCluster, kind: &str) -> u64 {
    cluster.errors().get(kind).copied().unwrap_or(0)
}

#[tokio::test]
async fn a_key_is_found_before_its_slot_moves_and_while_it_does_and_after_it_has() {
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    let (slot, from) = (cluster.slot("row:1"), cluster.owner("row:1"));
    let to = (from + 1) % cluster.nodes().len();
    let seen = async || cache.get::<u64>("row:1").await;
    cache.try_put("row:1", &1_u64, 60).await.expect("it is stored");

    cluster.begin_move(slot, from, to);
    assert_eq!(seen().await, Ok(Some(1)), "it is still where it was");
    assert_eq!(answered(&cluster, "ASK"), 0);
    assert_eq!(cluster.move_keys(slot, from, to, 10), 1);
    assert_eq!(
        seen().await,
        Ok(None),
        "it is there already, and comes from another server's history"
    );
    assert_eq!(answered(&cluster, "ASK"), 1);
    // Scripts follow it too.
    cache.try_put("row:1", &2_u64, 60).await.expect("it is stored");
    assert_eq!(seen().await, Ok(Some(2)));
    assert_eq!(answered(&cluster, "MOVED"), 0);

    cluster.end_move(slot, to);
    assert_eq!(seen().await, Ok(Some(2)));
    assert_eq!(answered(&cluster, "MOVED"), 1);
    cache.try_invalidate("row:1").await.expect("it is gone");
    assert_eq!(seen().await, Ok(None));
    assert_eq!(answered(&cluster, "MOVED"), 1, "that was learned from the first answer");
    let stats = cache.stats().total();
    assert_eq!(stats.store_errors, 0);
}

/// Half of a slot's keys are here and half are there.
#[tokio::test]
async fn a_batch_in_a_slot_that_moves_is_read_key_by_key() {
    const IDS: [u64; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    let cluster = RedisCluster::start();
    let cache = patient_cache(&cluster.url()).await;
    for id in IDS {
        cache.try_put(format!("{{row}}:{id}"), &id, 60).await.expect("it is stored");
    }
    let (slot, from) = (cluster.slot("{row}:1"), cluster.owner("{row}:1"));
    let to = (from + 1) % cluster.nodes().len();
    cluster.begin_move(slot, from, to);
    assert_eq!(cluster.move_keys(slot, from, to, 5), 5);
    // What has moved comes from another server's history.
    for moved in [5, 0] {
        let load = |missing: Vec<u64>| async move {
            assert_eq!(missing.len(), moved, "{missing:?} were loaded");
            Ok::<_, Infallible>(missing.into_iter().map(|id| (id, id)).collect::<HashMap<_, _>>())
        };
        let Ok(found) =
            cache.get_or_load_many(&IDS, |id| format!("{{row}}:{id}"), &ROW, load).await;
        assert_eq!(found, IDS.map(|id| (id, id)).into());
    }
    assert_eq!(answered(&cluster, "TRYAGAIN"), 2, "once for all of them, in each of the batches");
    assert!(answered(&cluster, "ASK") >= 10);
}

/// What takes several keys in one step has to wait until they are together again.
#[tokio::test]
async fn a_queue_whose_slot_moves_takes_writes_when_it_has() {
    let cluster = Arc::new(RedisCluster::start());
    let cache = patient_cache(&cluster.url()).await;
    let views: WriteBehind<u64> = cache.write_behind("{views}", &ROW);
    views.write("{views}:1", &1).await.expect("there is room");
    let (slot, from) = (cluster.slot("{views}"), cluster.owner("{views}:1"));
    let to = (from + 1) % cluster.nodes().len();
    cluster.begin_move(slot, from, to);
    cluster.move_keys(slot, from, to, 1);
    let writing = tokio::spawn({
        let views = views.clone();
        async move { views.write("{views}:2", &2).await }
    });
    eventually("the write is told to come again", async || answered(&cluster, "TRYAGAIN") > 0)
        .await;
    assert!(!writing.is_finished());
    while cluster.move_keys(slot, from, to, 10) > 0 {}
    cluster.end_move(slot, to);
    in_time("the write", writing).await.expect("it does not panic").expect("it is accepted");
    assert_eq!(views.len().await, Ok(2), "each was accepted once");

    let flushed = Arc::<Mutex<Vec<u64>>>::default();
    let flusher = views.flusher({
        let flushed = Arc::clone(&flushed);
        move |batch: Vec<u64>| {
            flushed.lock().expect("nobody panics").extend(batch);
            async { Ok::<_, Infallible>(()) }
        }
    });
    // A flusher that waits on a slot that moves goes with it.
    eventually("all is flushed", async || views.len().await == Ok(0)).await;
    cluster.begin_move(slot, to, from);
    while cluster.move_keys(slot, to, from, 10) > 0 {}
    cluster.end_move(slot, from);
    views.write("{views}:3", &3).await.expect("there is room");
    in_time("the end", flusher.shutdown()).await;
    assert_eq!(*flushed.lock().expect("nobody panics"), [1, 2, 3]);
    assert_eq!(
        cache.stats().total().store_errors,
        0,
        "neither the writer nor the flusher was lost"
    );
}

const ROWS: usize = 20;
const CACHES: u32 = 3;
const TASKS: u32 = 8;
const MOVES: usize = 60;

/// How long a local copy is served without an answer of its node, by default.
const LEASE: Duration = Duration::from_millis(200);

/// Moves the slots of the rows' keys to and fro, key by key, amid reads.
fn keep_moving(cluster: &RedisCluster, rng: &mut Rng, checker: &Checker) -> usize {
    let mut moved = 0;
    for _ in 0..MOVES {
        let row = rng.usize(..ROWS / 2);
        let [plain, locked, fresh, through] = keys(row);
        let tagged = [format!("tagged:{row}"), tag(row)];
        let all = [plain, locked, fresh, through].into_iter().chain(tagged).collect::<Vec<_>>();
        let key = &all[rng.usize(..all.len())];
        let (slot, from) = (cluster.slot(key), cluster.owner(key));
        let to = (from + rng.usize(1..3)) % 3;
        let amid_reads = || {
            let wanted = checker.counts().reads + 30;
            while checker.counts().reads < wanted {
                thread::sleep(Duration::from_millis(1));
            }
        };
        cluster.begin_move(slot, from, to);
        amid_reads();
        loop {
            let keys = cluster.move_keys(slot, from, to, 1);
            moved += keys;
            amid_reads();
            if keys == 0 {
                break;
            }
        }
        cluster.end_move(slot, to);
        amid_reads();
    }
    moved
}

/// Slots move under the load of several processes, with local copies or without.
async fn slots_move(local: bool) -> Arc<Checker> {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let cluster = Arc::new(RedisCluster::start());
    let checker = Arc::new(Checker::new(ROWS, rng.u64(..)));
    let mut caches = Vec::new();
    for _ in 0..CACHES {
        // A table and connections of its own, as in a process of its own.
        let cache = Cache::builder().url(&cluster.url()).deadline(DEADLINE).local(local);
        caches.push(built(cache).await);
    }
    let tasks = Tasks::start(&caches, TASKS, &checker, &mut rng, |service| service);
    let moving = spawn_blocking({
        let (cluster, checker) = (Arc::clone(&cluster), Arc::clone(&checker));
        move || keep_moving(&cluster, &mut rng, &checker)
    });
    let moved = moving.await.expect("the nodes do as they are told");
    tasks.end().await;

    let (counts, errors) = (checker.counts(), cluster.errors());
    let total = |count: fn(&FunctionStats) -> u64| -> u64 {
        caches.iter().map(|cache| count(&cache.stats().total())).sum()
    };
    let (store_errors, local_hits) = (total(|all| all.store_errors), total(|all| all.local_hits));
    println!(
        "{MOVES} moves of {moved} keys; {counts}; {local_hits} local hits; {store_errors} store errors; answers {errors:?}"
    );
    assert_eq!((store_errors, counts.unreached), (0, 0), "a redirection was not followed");
    let met = |kind: &str| errors.get(kind).copied().unwrap_or(0);
    assert!(met("MOVED") > 0 && met("ASK") > 0, "the load did not meet the moves: {errors:?}");
    assert!(counts.writes > 50 && counts.hits > 500, "there was little load");
    assert_eq!(checker.by_function().len(), 6, "a strategy was not read through");
    assert_eq!(local_hits > 500, local, "{local_hits} local hits");
    checker
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_and_no_call_fails_while_slots_move() {
    slots_move(false).await.assert_nothing_stale();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_key_whose_slot_moves_is_no_further_behind_than_its_lease() {
    let checker = slots_move(true).await;
    let most = checker.tell_behind();
    assert!(most < LEASE, "a read was {most:?} behind:\n{}", checker.stale_reads());
}
