//! The content of the document, and when samples are taken.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::advance;

use super::{Dashboard, PAGE};
use crate::{Cache, Policy};

const READS: Policy = Policy::ttl(60).negative_ttl(60).name("reads");

/// Calls a function for `keys` keys, `times` times each.
async fn call(cache: &Cache, keys: u64, times: u64) {
    for key in 0..keys {
        for _ in 0..times {
            let load = || async { Ok::<_, String>((!key.is_multiple_of(3)).then_some(key)) };
            cache.get_or_load(key.to_string(), &READS, load).await.unwrap();
        }
    }
}

fn document(dashboard: &Dashboard) -> Value {
    serde_json::from_str(&dashboard.json()).unwrap()
}

fn sum(numbers: &Value) -> u64 {
    numbers.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum()
}

/// Lets the task take its sample.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

async fn pass(seconds: u64) {
    for _ in 0..seconds {
        advance(Duration::from_secs(1)).await;
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_document_is_what_the_statistics_say() {
    let cache = Cache::builder().namespace("shop").build().await.unwrap();
    call(&cache, 5, 2).await;
    let dashboard = Dashboard::new(&cache);
    settle().await;
    for round in 1..=30 {
        call(&cache, 5 + round, 3).await;
        pass(1).await;
        let (document, stats) = (document(&dashboard), cache.stats());
        assert_eq!(document["functions"], json!(stats.functions));
        assert_eq!(document["total"], json!(stats.total()));
        assert_eq!(document["store"], json!(stats.store));
        assert_eq!(document["namespace"], "shop");
        let history = &document["history"];
        assert_eq!(sum(&history["ms"]), round * 1000);
        assert_eq!(document["recent"]["ms"], round * 1000);
        // Every count is in the samples, or was before them.
        let total = stats.total();
        let calls = total.hits + total.negative_hits + total.misses;
        for (name, right) in [
            ("requests", calls),
            ("answered", calls - total.misses),
            ("loads", total.loads),
            ("operations", stats.store.operations),
        ] {
            let before = history["before"][name].as_u64().unwrap();
            assert!(before > 0, "the dashboard came later than the first calls");
            assert_eq!(before + sum(&history[name]), right, "{name}");
            assert_eq!(document["recent"][name], sum(&history[name]), "{name}");
            let steps = history[name].as_array().unwrap();
            let latest = json!(steps[steps.len().saturating_sub(10)..]);
            assert_eq!(document["latest"][name], sum(&latest), "{name}");
        }
        let function = &history["functions"]["reads"];
        let before = function["before"]["requests"].as_u64().unwrap();
        assert_eq!(before + sum(&function["requests"]), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_counted_under_its_name() {
    let cache = Cache::in_memory();
    let dashboard = Dashboard::new(&cache);
    settle().await;
    let f = cache.counters("saves");
    let counters = [
        ("load_failures", &f.load_failures),
        ("stale_detected", &f.stale_detected),
        ("refused", &f.refused),
        ("queued", &f.queued),
        ("flushed", &f.flushed),
        ("replaced", &f.replaced),
        ("batch_failures", &f.batch_failures),
        ("dead_letters", &f.dead_letters),
    ];
    for (n, (_, counter)) in (1..).zip(&counters) {
        counter.add(n);
    }
    pass(1).await;
    let document = document(&dashboard);
    for (n, (name, _)) in (1..).zip(counters) {
        assert_eq!(document["total"][name], n, "{name}");
        assert_eq!(document["latest"][name], n, "{name}");
        assert_eq!(sum(&document["history"][name]), n, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn outboxes_are_what_the_statistics_say() {
    let cache = Cache::in_memory();
    let dashboard = Dashboard::new(&cache);
    settle().await;
    let users = cache.inner.registry.outbox("users");
    users.measured(7, Duration::from_secs(3));
    users.invalidated(Duration::from_millis(5));
    let orders = cache.inner.registry.outbox("orders");
    [&users, &users, &orders].into_iter().for_each(|outbox| outbox.failed());
    pass(1).await;
    let document = document(&dashboard);
    assert_eq!(document["outboxes"], json!(cache.stats().outboxes));
    assert_eq!(document["outboxes"][1]["oldest_ms"], 3_000);
    assert_eq!(document["outboxes"][1]["lag"]["count"], 1);
    assert_eq!(document["recent"]["outbox_failures"], 3);
    assert_eq!(sum(&document["history"]["outbox_failures"]), 3);
}

#[tokio::test(start_paused = true)]
async fn loads_have_times_where_there_were_some() {
    let cache = Cache::in_memory();
    let dashboard = Dashboard::new(&cache);
    settle().await;
    pass(12).await;
    let nothing = document(&dashboard);
    assert!(nothing["history"]["load_p99_us"].as_array().unwrap().iter().all(Value::is_null));
    for _ in 0..2 {
        cache.counters("slow").loaded(Duration::from_millis(40), true);
    }
    pass(30).await;
    let document = document(&dashboard);
    let p99 = document["history"]["load_p99_us"].as_array().unwrap();
    let seen: Vec<_> = p99.iter().map(|us| us.as_u64().unwrap_or(0)).collect();
    // Each point has the times of ten samples.
    assert_eq!(seen.iter().filter(|us| **us > 0).count(), 10, "{seen:?}");
    assert!(seen.iter().all(|us| *us == 0 || us.abs_diff(40_000) < 2_000), "{seen:?}");
    assert_eq!(document["recent"]["load_time"]["count"], 2);
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_are_kept() {
    let cache = Cache::in_memory();
    let dashboard = Dashboard::new(&cache);
    settle().await;
    for _ in 0..70 {
        call(&cache, 2, 1).await;
        pass(10).await;
    }
    let document = document(&dashboard);
    let history = &document["history"];
    for series in ["ms", "requests", "loads", "load_p50_us", "store_p99_us", "breaker"] {
        assert_eq!(history[series].as_array().unwrap().len(), 600, "{series}");
    }
    assert_eq!(history["first"], 100);
    assert_eq!(history["functions"]["reads"]["requests"].as_array().unwrap().len(), 60);
    let before = history["before"]["requests"].as_u64().unwrap();
    assert!(before > 0);
    assert_eq!(before + sum(&history["requests"]), 140);
}

#[test]
fn the_task_begins_where_there_is_a_runtime() {
    let cache = Cache::in_memory();
    let dashboard = Dashboard::new(&cache);
    assert_eq!(document(&dashboard)["history"]["ms"], json!([]), "no runtime, and no panic");
    // Twice, because a runtime may end before the dashboard does.
    for round in 1..=2 {
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime().unwrap().block_on(async {
            tokio::time::pause();
            document(&dashboard);
            settle().await;
            call(&cache, 2, 1).await;
            // The second paused clock starts where the first one did, and has to catch up.
            tokio::time::sleep(Duration::from_millis(3500) * round).await;
        });
        let steps = document(&dashboard)["history"]["ms"].as_array().unwrap().len();
        assert!(steps >= 3 * round as usize, "{steps} steps after {round} runtimes");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_dashboard_that_was_dropped() {
    let cache = Cache::in_memory();
    let inner = Arc::downgrade(&cache.inner);
    let dashboard = Dashboard::new(&cache);
    let clone = dashboard.clone();
    settle().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 1, "clones share a task");
    drop((dashboard, cache));
    pass(2).await;
    assert_eq!((tasks(), inner.strong_count()), (1, 1), "a clone is left");
    drop(clone);
    settle().await;
    assert_eq!((tasks(), inner.strong_count()), (0, 0));
}

#[test]
fn the_page_is_one_file_of_a_modest_size() {
    assert!(PAGE.len() < 60_000, "{} bytes", PAGE.len());
    assert!(PAGE.starts_with("<!doctype html>") && PAGE.trim_end().ends_with("</script>"));
    // No external asset, and nothing that a name could turn into markup.
    for never in ["http://", "https://", "//cdn", "@import", "innerHTML", "insertAdjacent", "eval("]
    {
        let found = PAGE.matches(never).count();
        let allowed =
            PAGE.matches("http://www.w3.org/2000/svg").count() * usize::from(never == "http://");
        assert_eq!(found, allowed, "`{never}`");
    }
    assert_eq!(PAGE.matches("<script").count(), 1);
}

#[test]
fn the_address_of_the_document_is_an_attribute_and_no_markup() {
    assert_eq!(Dashboard::page_reading("json"), PAGE);
    let page = Dashboard::page_reading(r#"/x?a=1&b="><script>"#);
    assert!(page.contains(r#"content="/x?a=1&amp;b=&quot;>&lt;script>""#));
    assert_eq!(page.matches("<script").count(), 1);
}
