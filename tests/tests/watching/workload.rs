//! A workload of everything that a cache does, counted by hand.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use cache_runtime::{Cache, Error, Policy, WriteBehind, cached, invalidates};
use cache_tests::{
    herd::{Herd, counters, missed},
    patience::{eventually, in_time},
    source::Source,
    wire::Wire,
};
use tokio::time::sleep;

const TTL: Duration = Duration::from_millis(20);
const USER: Policy = Policy::ttl(3600).lock().negative_ttl(60).name("user");
const PLAIN: Policy = Policy::ttl(3600);

/// How often each function has been called.
pub(crate) type Calls = BTreeMap<&'static str, u64>;

/// What the store was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// `GET`s and `MGET`s.
    pub(crate) reads: u64,
    pub(crate) many_reads: u64,
    /// `SET NX`s.
    pub(crate) leases: u64,
    /// Scripts, and those of them that make a stamp, that store a value, and that raise a fence.
    pub(crate) scripts: u64,
    pub(crate) stamps: u64,
    pub(crate) stored: u64,
    pub(crate) fences: u64,
    /// Of values that were read and written.
    pub(crate) bytes: (u64, u64),
}

/// A cache that may take its time, on a connection of its own.
pub(crate) async fn cache(wire: &Wire) -> Cache {
    let cache = Cache::builder().url(&wire.url()).connections(1).deadline(Duration::from_secs(10));
    cache.build().await.expect("the server is there")
}

/// The name of a user, which is two bytes longer in JSON; some have none.
async fn name(id: u64) -> Result<Option<String>, Infallible> {
    Ok((id < 100).then(|| "x".repeat(id as usize)))
}

async fn user(cache: &Cache, id: u64, calls: &mut Calls) {
    *calls.entry("user").or_default() += 1;
    let Ok(found) = cache.get_or_load(format!("user:{id}"), &USER, || name(id)).await;
    assert_eq!(found.is_some(), id < 100);
}

/// Everything that is one step after the other.
pub(crate) async fn ordinary(cache: &Cache, calls: &mut Calls) -> Asked {
    let mut asked = Asked::default();
    let Asked { reads, many_reads, leases, scripts, stamps, stored, fences, bytes } = &mut asked;
    // A miss looks, takes a lease, and fills; a hit looks.
    for id in (1..=10).chain([100, 101]) {
        let size = if id < 100 { id + 2 } else { "null".len() as u64 };
        for _ in 0..4 {
            user(cache, id, calls).await;
        }
        (*reads, *leases, *scripts, *stored) = (*reads + 4, *leases + 1, *scripts + 1, *stored + 1);
        *bytes = (bytes.0 + 3 * size, bytes.1 + size);
    }
    // The tag is looked at with the key, given a stamp with the lease, and looked at again with the fill.
    for _ in 0..2 {
        let load = || async { Ok::<_, Infallible>("tagged") };
        let tagged = cache.tagged(["tenant:7"]);
        let load = || async { load().await.map(str::to_owned) };
        assert_eq!(
            tagged.get_or_load("tagged:1", &PLAIN.name("tagged"), load).await,
            Ok("tagged".into())
        );
    }
    calls.insert("tagged", 2);
    (*many_reads, *leases, *reads) = (*many_reads + 2, *leases + 1, *reads + 1);
    (*scripts, *stamps, *stored) = (*scripts + 2, *stamps + 1, *stored + 1);
    *bytes = (bytes.0 + 8, bytes.1 + 8);
    // Five of ten are there.
    let ids: Vec<u64> = (6..=15).collect();
    let load = |ids: Vec<u64>| async move {
        let row = |id: u64| (id, "x".repeat(id as usize));
        Ok::<_, Infallible>(ids.into_iter().map(row).collect::<Vec<_>>())
    };
    let batch = PLAIN.name("batch");
    let rows = cache.get_or_load_many(&ids, |id| format!("user:{id}"), &batch, load).await;
    assert_eq!(rows.map(|rows| rows.len()), Ok(10));
    calls.insert("batch", 10);
    (*many_reads, *leases, *scripts, *stored) =
        (*many_reads + 1, *leases + 5, *scripts + 5, *stored + 5);
    *bytes = (bytes.0 + (6..=10).sum::<u64>() + 10, bytes.1 + (11..=15).sum::<u64>() + 10);
    // A writer fences and settles; what only empties is one step.
    let save = || async { Ok::<_, Infallible>("saved".to_owned()) };
    assert_eq!(cache.write_through("user:1", &PLAIN.name("saved"), save).await, Ok("saved".into()));
    cache.try_invalidate("user:2").await.expect("the server is there");
    cache.fence(["user:3", "user:4"]).await.try_settle().await.expect("the server is there");
    cache.try_put("user:5", "put", 60).await.expect("the server is there");
    (*scripts, *fences, *stored) = (*scripts + 2 + 1 + 4 + 2, *fences + 1 + 2 + 1, *stored + 2);
    bytes.1 += 7 + 5;
    assert_eq!(cache.get::<String>("user:6").await, Ok(Some("xxxxxx".into())));
    (*reads, bytes.0) = (*reads + 1, bytes.0 + 8);
    asked
}

/// What calls do for each other and against each other, in two caches, and what goes wrong in them.
pub(crate) async fn together(early: &Cache, late: &Cache, calls: &mut Calls) {
    let source = Source::held();
    let herd = |cache: &Cache, callers| {
        Herd::of(callers, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            let load = move || async move { Ok::<_, Infallible>(source.query().await) };
            async move { cache.get_or_load("herd:1", &PLAIN.lock().name("herd"), load).await }
        })
    };
    let loading = herd(early, 10);
    missed(early, "herd", 10).await;
    source.asked(1).await;
    let waiting = herd(late, 1);
    eventually("it waits", async || counters(late, "herd").lock_waits == 1).await;
    source.answer_all();
    assert_eq!(loading.answers().await, [Ok(1); 10]);
    assert_eq!(waiting.answers().await, [Ok(1)]);
    calls.insert("herd", 11);

    // A write comes between a load and its fill.
    let overtaken = || async {
        early.try_invalidate("overtaken:1").await.expect("the server is there");
        Ok::<_, Infallible>(1)
    };
    assert_eq!(early.get_or_load("overtaken:1", &PLAIN.name("overtaken"), overtaken).await, Ok(1));
    calls.insert("overtaken", 1);

    let fails = || async { Err::<u64, _>("the source fails") };
    _ = early.get_or_load("failing:1", &PLAIN.name("failing"), fails).await;
    calls.insert("failing", 1);

    early.try_put("row:1", "no number", 60).await.expect("the server is there");
    let row = || async { Ok::<_, Infallible>(1) };
    assert_eq!(early.get_or_load("row:1", &PLAIN.name("row"), row).await, Ok(1));
    let nan = || async { Ok::<_, Infallible>(vec![f64::NAN]) };
    _ = early.get_or_load("nan:1", &PLAIN.name("nan"), nan).await;
    let large = || async { Ok::<_, Infallible>("x".repeat(100)) };
    _ = early.get_or_load("large:1", &PLAIN.max_bytes(10).name("large"), large).await;
    calls.extend(["row", "nan", "large"].map(|name| (name, 1)));

    for version in [1, 2] {
        let load = || async { Ok::<_, Infallible>(version) };
        let audited = PLAIN.audit(1.0).name("audited");
        assert_eq!(early.get_or_load("audited:1", &audited, load).await, Ok(version));
    }
    calls.insert("audited", 2);

    assert_eq!((square(early, 0).await, square(early, 2).await), (0, 4));
    calls.insert("square", 2);
}

#[cached(key = "square:<n>", ttl = 60, cache = cache, when = n > 0, name = "square")]
async fn square(cache: &Cache, n: u64) -> u64 {
    n * n
}

/// What has expired and is served.
pub(crate) async fn stale(cache: &Cache, calls: &mut Calls) {
    let source = Source::open();
    let (mut renewing, policy) = (0, Policy::ttl_duration(TTL).stale_while_revalidate(3600));
    let policy = policy.name("renewed");
    while counters(cache, "renewed").refreshes == 0 {
        let source = Arc::clone(&source);
        let load = || async move { Ok::<_, Infallible>(source.query().await) };
        in_time("a value", cache.get_or_load_owned("renewed:1", &policy, load))
            .await
            .expect("it loads");
        renewing += 1;
        sleep(TTL).await;
    }
    calls.insert("renewed", renewing);

    let policy = Policy::ttl_duration(TTL).stale_if_error(3600).name("forgiving");
    for fails in [false, true, true] {
        let load = || async move { if fails { Err("the source fails") } else { Ok(1) } };
        assert_eq!(cache.get_or_load("forgiving:1", &policy, load).await, Ok(1));
        sleep(TTL).await;
    }
    assert_eq!(counters(cache, "forgiving").stale_hits, 2);
    calls.insert("forgiving", 3);
}

/// What this process answers by itself, as soon as the server says when keys change.
pub(crate) async fn local(cache: &Cache, calls: &mut Calls) {
    let (mut called, policy) = (0, PLAIN.local().name("local"));
    eventually("a hit needs no round trip", async || {
        called += 1;
        let load = || async { Ok::<_, Infallible>(7) };
        assert_eq!(cache.get_or_load_arc("local:1", &policy, load).await.as_deref(), Ok(&7));
        counters(cache, "local").local_hits > 0
    })
    .await;
    calls.insert("local", called);
}

fn views(cache: &Cache) -> WriteBehind<u64> {
    cache.write_behind("views", &PLAIN.name("views")).attempts(1)
}

/// Writes that wait: one of them is replaced, and one is going to be refused.
pub(crate) async fn queued(cache: &Cache) {
    for (key, value) in [("views:1", 1), ("views:1", 2), ("views:2", 3), ("views:3", 13)] {
        views(cache).write(key, &value).await.expect("the server is there");
    }
}

/// They are written.
pub(crate) async fn flushed(cache: &Cache) {
    let flusher = views(cache).flusher(|batch: Vec<u64>| async move {
        if batch.contains(&13) { Err("13 breaks a constraint") } else { Ok(()) }
    });
    in_time("the flush", flusher.shutdown()).await;
    let row = counters(cache, "views");
    assert_eq!((row.queued, row.flushed, row.replaced, row.dead_letters), (4, 2, 1, 1));
}

/// The server is gone.
pub(crate) async fn out(cache: &Cache, calls: &mut Calls) {
    user(cache, 1, calls).await;
    assert!(counters(cache, "user").store_errors > 0);
    assert!(cache.stats().store.failures > 0);
    assert!(rename(cache, 1).await.is_err());
}

#[invalidates("user:<id>", on_unavailable = "error", cache = cache, name = "rename")]
async fn rename(cache: &Cache, id: u64) -> Result<(), Error> {
    _ = id;
    Ok(())
}
