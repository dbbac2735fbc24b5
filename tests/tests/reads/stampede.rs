//! One load: many callers of one cold key, in one process and in several, whatever becomes of the one that loads.

use std::{sync::Arc, time::Duration};

use cache_runtime::{Cache, cached};
use cache_tests::{
    dialogue::Dialogue,
    herd::{Herd, counters, missed},
    patience::{eventually, in_time},
    server::RedisServer,
    source::{Served, Source},
    stores::{on_each_store, patient_cache},
};
use tokio::{task::JoinSet, time::timeout};

/// Far longer than a test waits for anything: a lease that is free before is one that was given up.
#[cached(key = "row:<id>", ttl = 60, lock(lease = "1h", wait = "1h"), cache = cache,
    skip(cache, source), name = "locked")]
async fn locked(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

#[cached(key = "row:<id>", ttl = 60, cache = cache, skip(cache, source), name = "unlocked")]
async fn unlocked(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

#[cached(key = "row:<id>", ttl = 60, lock(wait = "50ms"), cache = cache, skip(cache, source),
    name = "impatient")]
async fn impatient(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

#[cached(key = "row:<id>", ttl = 60, lock, cache = cache, skip(cache, source), name = "missing")]
async fn missing(cache: &Cache, source: &Source, id: u64) -> Option<u64> {
    source.query().await;
    None
}

#[cached(key = "row:<id>", ttl = 60, negative_ttl = 60, lock, cache = cache, skip(cache, source),
    name = "remembered")]
async fn remembered(cache: &Cache, source: &Source, id: u64) -> Option<u64> {
    source.query().await;
    None
}

/// Panics in its first so many queries.
#[cached(key = "row:<id>", ttl = 60, lock(lease = "1h", wait = "1h"), cache = cache,
    skip(cache, source, panics), name = "panicking")]
async fn panicking(cache: &Cache, source: &Source, panics: u64, id: u64) -> u64 {
    let query = source.query().await;
    assert!(query > panics, "the loader of query {query} panics, as the test wants it");
    query
}

/// So many callers of `locked` with one key.
fn herd_of_locked(callers: usize, cache: &Cache, source: &Arc<Source>) -> Herd<u64> {
    Herd::of(callers, || {
        let (cache, source) = (cache.clone(), Arc::clone(source));
        async move { locked(&cache, &source, 1).await }
    })
}

#[tokio::test]
async fn a_thousand_callers_of_one_process_cost_one_load() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = herd_of_locked(1000, &cache, &source);
        missed(&cache, "locked", 1000).await;
        source.answer_all();

        assert_eq!(herd.answers().await, [1; 1000]);
        assert_eq!(source.queries(), 1);
        let counters = counters(&cache, "locked");
        assert_eq!((counters.loads, counters.coalesced), (1, 999));
        assert_eq!(locked(&cache, &source, 1).await, 1, "it is a hit from now on");
        assert_eq!(source.queries(), 1);
    })
    .await;
}

#[tokio::test]
async fn callers_of_one_process_share_a_load_without_a_lock_too() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(1000, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { unlocked(&cache, &source, 1).await }
        });
        missed(&cache, "unlocked", 1000).await;
        source.answer_all();

        assert_eq!(herd.answers().await, [1; 1000]);
        assert_eq!(source.queries(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_race_for_a_key_cost_one_load() {
    on_each_store(async |cache| {
        let source = Source::open();
        for id in 0..50 {
            let herd = Herd::of(40, || {
                let (cache, source) = (cache.clone(), Arc::clone(&source));
                async move { locked(&cache, &source, id).await }
            });
            let answers = herd.answers().await;
            assert_eq!(answers, [id + 1; 40], "query {} was the only one for row {id}", id + 1);
        }
        assert_eq!(source.queries(), 50);
    })
    .await;
}

#[tokio::test]
async fn a_slow_key_holds_up_no_other() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = herd_of_locked(10, &cache, &source);
        missed(&cache, "locked", 10).await;
        let open = Source::open();
        for id in 2..200 {
            assert_eq!(in_time("another key", locked(&cache, &open, id)).await, id - 1);
        }
        source.answer_all();
        assert_eq!(herd.answers().await, [1; 10]);
    })
    .await;
}

/// Four processes that each have `callers` callers waiting for one key, and a source that holds its answers.
struct Processes {
    server: RedisServer,
    source: Arc<Source>,
    _served: Served,
    /// In the order of their names at the source.
    processes: Vec<Dialogue>,
}

impl Processes {
    const CALLERS: usize = 250;

    async fn waiting() -> Processes {
        let server = RedisServer::start();
        let source = Source::held();
        let served = Served::start(&source).await.expect("loopback has a free port");
        let (url, address) = (server.url(), served.address().to_string());
        let callers = Self::CALLERS.to_string();
        let start = |name: u32| {
            let arguments = [&*url, &address, &name.to_string(), &callers];
            Dialogue::with_process(env!("CARGO_BIN_EXE_stampede-worker"), &arguments)
        };
        let processes: Result<Vec<_>, _> = (0..4).map(start).collect();
        let mut processes = processes.expect("the worker starts");
        for process in &mut processes {
            process.hear("waiting").await;
        }
        Processes { server, source, _served: served, processes }
    }

    /// Lets the source answer, and hears that every caller was answered by query `number`.
    async fn all_get(&mut self, number: u64) {
        self.source.answer_all();
        for process in &mut self.processes {
            let answers = process.hear_after("answers ").await;
            assert_eq!(answers, format!("{{{number}: {}}}", Self::CALLERS));
        }
    }
}

#[tokio::test]
async fn a_thousand_callers_of_four_processes_cost_one_load() {
    let mut four = Processes::waiting().await;
    four.all_get(1).await;
    assert_eq!(four.source.queries(), 1);
}

#[tokio::test]
async fn when_the_loading_process_is_killed_another_one_loads() {
    let mut four = Processes::waiting().await;
    let loading = four.source.clients()[0];
    let loading = four.processes.remove(loading as usize);
    loading.kill().await.expect("a child can be killed");

    // Its lease runs out, and the others do not wait for longer than they are ready to.
    let wait = Duration::from_secs(10);
    timeout(wait, four.all_get(2)).await.expect("the value comes before the wait is over");
    assert_eq!(four.source.queries(), 2);
    // Whoever gives up waiting stores nothing: this one had the lease.
    assert_eq!(four.server.command(&["EXISTS", "row:1"]).trim(), ":1");
}

#[tokio::test]
async fn two_caches_on_one_server_cost_one_load_with_a_lock() {
    let server = RedisServer::start();
    let (ours, theirs) = (patient_cache(&server.url()).await, patient_cache(&server.url()).await);
    let source = Source::held();
    let first = herd_of_locked(10, &ours, &source);
    source.asked(1).await;
    let second = herd_of_locked(10, &theirs, &source);
    eventually("the other cache waits", async || counters(&theirs, "locked").lock_waits == 1).await;
    missed(&theirs, "locked", 10).await;
    source.answer_all();

    assert_eq!(first.answers().await, [1; 10]);
    assert_eq!(second.answers().await, [1; 10]);
    assert_eq!(source.queries(), 1);
    assert_eq!(counters(&theirs, "locked").loads, 0);
}

#[tokio::test]
async fn two_caches_on_one_server_cost_two_loads_without_a_lock() {
    let server = RedisServer::start();
    let (ours, theirs) = (patient_cache(&server.url()).await, patient_cache(&server.url()).await);
    let source = Source::held();
    let mut herd = JoinSet::new();
    for cache in [ours, theirs].iter().cycle().take(20) {
        let (cache, source) = (cache.clone(), Arc::clone(&source));
        herd.spawn(async move { unlocked(&cache, &source, 1).await });
    }
    source.asked(2).await;
    source.answer_all();
    in_time("an answer to every caller", herd.join_all()).await;
    assert_eq!(source.queries(), 2);
}

#[tokio::test]
async fn who_has_waited_enough_loads_for_itself_and_stores_nothing() {
    let server = RedisServer::start();
    let (ours, theirs) = (patient_cache(&server.url()).await, patient_cache(&server.url()).await);
    let source = Source::held();
    let holder = herd_of_locked(1, &ours, &source);
    source.asked(1).await;
    let other = Source::open();
    other.query().await;
    assert_eq!(in_time("the end of the wait", impatient(&theirs, &other, 1)).await, 2);
    assert_eq!(counters(&theirs, "impatient").lock_waits, 1);

    source.answer_all();
    assert_eq!(holder.answers().await, [1]);
    assert_eq!(impatient(&theirs, &other, 1).await, 1, "what the holder of the lease has stored");
}

/// How a caller can go away.
#[derive(Clone, Copy, Debug)]
enum Departure {
    Aborted,
    TimedOut,
    NotSelected,
}

impl Departure {
    const ALL: [Departure; 3] = [Departure::Aborted, Departure::TimedOut, Departure::NotSelected];
}

/// Makes a call that goes away in the middle of its load, once it is `time` to.
async fn leave(
    how: Departure,
    cache: &Cache,
    source: &Arc<Source>,
    time: impl Future<Output = ()>,
) {
    let mut call = Box::pin({
        let (cache, source) = (cache.clone(), Arc::clone(source));
        async move { locked(&cache, &source, 1).await }
    });
    match how {
        Departure::Aborted => {
            let task = tokio::spawn(call);
            time.await;
            task.abort();
            assert!(task.await.is_err_and(|e| e.is_cancelled()));
        }
        Departure::TimedOut => {
            tokio::select! {
                _ = &mut call => panic!("the source does not answer yet"),
                () = time => {}
            }
            assert!(timeout(Duration::from_millis(1), call).await.is_err());
        }
        Departure::NotSelected => tokio::select! {
            _ = call => panic!("the source does not answer yet"),
            () = time => {}
        },
    }
}

#[tokio::test]
async fn when_the_leading_caller_is_dropped_a_follower_takes_over() {
    for how in Departure::ALL {
        on_each_store(async |cache| {
            let source = Source::held();
            let leader = leave(how, &cache, &source, missed(&cache, "locked", 101));
            let followers = async {
                source.asked(1).await;
                herd_of_locked(100, &cache, &source)
            };
            let ((), followers) = tokio::join!(leader, followers);
            source.asked(2).await;
            source.answer_all();

            assert_eq!(followers.answers().await, [2; 100], "{how:?}");
            assert_eq!(source.queries(), 2, "{how:?}");
            assert_eq!(locked(&cache, &source, 1).await, 2, "it was stored: {how:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn when_every_leader_is_dropped_the_last_caller_has_the_value() {
    on_each_store(async |cache| {
        let source = Source::held();
        let mut callers: Vec<_> = (0..20)
            .map(|_| {
                let (cache, source) = (cache.clone(), Arc::clone(&source));
                tokio::spawn(async move { locked(&cache, &source, 1).await })
            })
            .collect();
        missed(&cache, "locked", 20).await;
        let last = callers.pop().expect("there are twenty");
        // In the order in which they lead, and two of them at once now and then.
        for (leading, caller) in callers.into_iter().enumerate() {
            if leading % 3 != 0 {
                source.asked(counters(&cache, "locked").loads).await;
            }
            caller.abort();
        }
        source.answer_all();
        let answer = in_time("an answer to the last caller", last).await;
        assert_eq!(answer.expect("it was not aborted"), source.queries());
        assert_eq!(locked(&cache, &source, 1).await, source.queries(), "and it was stored");
    })
    .await;
}

#[tokio::test]
async fn the_lease_of_a_sole_caller_that_is_dropped_is_free_at_once() {
    let server = RedisServer::start();
    for how in Departure::ALL {
        server.command(&["FLUSHALL"]);
        let (ours, theirs) =
            (patient_cache(&server.url()).await, patient_cache(&server.url()).await);
        let source = Source::held();
        leave(how, &ours, &source, source.asked(1)).await;
        eventually("the lease is given up", async || {
            server.command(&["EXISTS", "row:1"]).trim() == ":0"
        })
        .await;

        source.answer_all();
        assert_eq!(in_time("the lease", locked(&theirs, &source, 1)).await, 2, "{how:?}");
        assert_eq!(locked(&ours, &source, 1).await, 2, "it was stored: {how:?}");
        assert_eq!(source.queries(), 2);
    }
}

#[tokio::test]
async fn the_embedded_lease_of_a_dropped_caller_is_free_too() {
    for how in Departure::ALL {
        let cache = Cache::in_memory();
        let source = Source::held();
        leave(how, &cache, &source, source.asked(1)).await;
        source.answer_all();
        assert_eq!(in_time("the lease", locked(&cache, &source, 1)).await, 2, "{how:?}");
        assert_eq!(locked(&cache, &source, 1).await, 2, "it was stored: {how:?}");
    }
}

#[tokio::test]
async fn when_a_loader_panics_the_others_are_answered() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(100, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { panicking(&cache, &source, 1, 1).await }
        });
        missed(&cache, "panicking", 100).await;
        source.answer_all();

        let (answers, panics) = herd.answers_and_panics().await;
        assert_eq!(answers, [2; 99]);
        assert_eq!(panics.len(), 1, "the panic is its own caller's alone");
        assert_eq!(source.queries(), 2);
        assert_eq!(panicking(&cache, &source, 1, 1).await, 2, "it was stored");
    })
    .await;
}

#[tokio::test]
async fn when_every_loader_panics_every_caller_has_a_panic_and_the_key_is_free() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(20, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { panicking(&cache, &source, 20, 1).await }
        });
        missed(&cache, "panicking", 20).await;
        source.answer_all();

        let (answers, panics) = herd.answers_and_panics().await;
        assert_eq!((answers.len(), panics.len()), (0, 20));
        assert_eq!(source.queries(), 20, "each ran its loader once");
        assert_eq!(in_time("the lease", panicking(&cache, &source, 20, 1)).await, 21);
        assert_eq!(panicking(&cache, &source, 20, 1).await, 21, "it was stored");
    })
    .await;
}

#[tokio::test]
async fn a_missing_row_costs_a_thousand_callers_one_load_and_is_not_stored() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(1000, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { missing(&cache, &source, 1).await }
        });
        missed(&cache, "missing", 1000).await;
        source.answer_all();

        assert_eq!(herd.answers().await, [None; 1000]);
        assert_eq!(source.queries(), 1);
        assert_eq!(cache.get::<Option<u64>>("row:1").await, Ok(None), "nothing is stored");
        assert_eq!(missing(&cache, &source, 1).await, None);
        assert_eq!(source.queries(), 2, "so the next caller asks again");
    })
    .await;
}

#[tokio::test]
async fn a_missing_row_leaves_nothing_in_redis() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    assert_eq!(missing(&cache, &Source::open(), 1).await, None);
    // Its caller shared it with nobody, so the lease is given up behind its back.
    eventually("the key is gone", async || server.command(&["DBSIZE"]).trim() == ":0").await;
}

#[tokio::test]
async fn with_a_negative_ttl_a_missing_row_is_a_hit_afterwards() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(1000, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { remembered(&cache, &source, 1).await }
        });
        missed(&cache, "remembered", 1000).await;
        source.answer_all();

        assert_eq!(herd.answers().await, [None; 1000]);
        assert_eq!(remembered(&cache, &source, 1).await, None);
        assert_eq!(source.queries(), 1);
        let counters = counters(&cache, "remembered");
        assert_eq!((counters.negative_hits, counters.hits), (1, 0));
        assert_eq!(cache.get::<Option<u64>>("row:1").await, Ok(Some(None)));
    })
    .await;
}
