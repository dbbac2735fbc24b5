//! Why a value is not stored: each reason is counted once, and logged with the function.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use cache_runtime::{Cache, Policy, cached, transaction, write_through};
use cache_tests::{
    herd::counters,
    log::Log,
    patience::in_time,
    port::Port,
    server::RedisServer,
    source::Source,
    stores::{hasty_cache, on_each_store, patient_cache},
};
use serde::{Deserialize, Serialize};

const MINUTE: Policy = Policy::ttl(60);

/// A value that comes back from its encoding as another one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Row {
    id: u64,
    #[serde(skip)]
    lost: u64,
}

/// The reasons of the function `name`, as they print, and that each of them was logged as often.
fn reasons(cache: &Cache, log: &Log, name: &str) -> String {
    let counted = counters(cache, name).not_stored;
    for (reason, values) in counted.iter() {
        let text = log.text();
        let said = |line: &&str| {
            line.starts_with("DEBUG")
                && line.contains("message=a value is not stored")
                && line.contains(&format!("function=\"{name}\""))
                && line.contains(&format!("reason=\"{reason}\""))
        };
        assert_eq!(text.lines().filter(said).count() as u64, values, "{name}: {reason}: {text}");
    }
    counted.to_string()
}

async fn load<T>(value: T) -> Result<T, Infallible> {
    Ok(value)
}

#[cached(key = "unless:<n>", ttl = 60, unless = |n| *n == 1, cache = cache, name = "unless")]
async fn unless(cache: &Cache, n: u64) -> u64 {
    n
}

#[cached(key = "ttl:<n>", ttl = |n| Duration::from_secs(*n), cache = cache, name = "ttl")]
async fn ttl(cache: &Cache, n: u64) -> u64 {
    n
}

#[cached(key = "when:<n>", ttl = 60, when = n > 0, cache = cache, name = "when")]
async fn when(cache: &Cache, n: u64) -> u64 {
    n
}

#[cached(key = "row:<n>", ttl = 60, cache = cache, name = "changed")]
async fn changed(cache: &Cache, n: u64) -> Row {
    Row { id: n, lost: n }
}

#[cached(key = "each:<ids>", each = ids, ttl = 60, cache = cache, name = "rows")]
async fn rows(cache: &Cache, ids: &[u64]) -> HashMap<u64, u64> {
    // One is absent, and one was not asked for.
    HashMap::from([(1, 1), (9, 9)])
}

#[tokio::test]
async fn what_a_value_is_can_keep_it_from_the_store() {
    on_each_store(async |cache| {
        let log = Log::listen();
        for n in [0, 1] {
            unless(&cache, n).await;
            ttl(&cache, n).await;
            when(&cache, n).await;
            changed(&cache, n).await;
            let absent = || load((n > 0).then_some(n));
            _ = cache.get_or_load(format!("absent:{n}"), &MINUTE.name("absent"), absent).await;
            let nan = || load([f64::NAN, 1.0][n as usize]);
            _ = cache.get_or_load(format!("nan:{n}"), &MINUTE.name("nan"), nan).await;
            let large = || load("x".repeat([100, 1][n as usize]));
            let policy = MINUTE.max_bytes(50).name("large");
            _ = cache.get_or_load(format!("large:{n}"), &policy, large).await;
        }
        rows(&cache, &[1, 2]).await;
        for (function, expected) in [
            ("unless", "1 unless"),
            ("ttl", "1 zero_ttl"),
            ("when", "1 bypassed"),
            ("changed", "1 changed"),
            ("absent", "1 absent"),
            ("nan", "1 unencodable"),
            ("large", "1 too_large"),
            ("rows", "1 absent, 1 unmatched"),
        ] {
            assert_eq!(reasons(&cache, &log, function), expected, "{function}");
        }
        assert_eq!(cache.stats().total().not_stored.total(), 9);
        let table = cache.stats().to_string();
        assert!(table.contains("not stored by rows: 1 absent, 1 unmatched\n"), "{table}");
        let json = serde_json::to_value(cache.stats()).expect("it is JSON");
        let row =
            json["functions"].as_array().and_then(|rows| rows.iter().find(|f| f["name"] == "rows"));
        assert_eq!(
            row.map(|row| row["not_stored"].to_string()).as_deref(),
            Some(r#"{"absent":1,"unmatched":1}"#)
        );
    })
    .await;
}

#[tokio::test]
async fn what_others_do_meanwhile_can_keep_a_value_from_the_store() {
    on_each_store(async |cache| {
        let log = Log::listen();
        let loads = |key: &'static str, name: &'static str, tags: &'static [&'static str]| {
            let cache = cache.clone();
            async move { cache.tagged(tags).get_or_load(key, &MINUTE.name(name), || load(1)).await }
        };
        let fence = cache.fence(["fenced:1"]).await;
        let tags = cache.fence_tags(["tag:1"]).await;
        _ = loads("fenced:1", "fenced", &[]).await;
        _ = loads("tagged:1", "tagged", &["tag:1"]).await;
        fence.settle().await;
        tags.settle().await;
        let overtaken = || async {
            cache.try_invalidate("overtaken:1").await.expect("the store answers");
            load(1).await
        };
        _ = cache.get_or_load("overtaken:1", &MINUTE.name("overtaken"), overtaken).await;
        // The inner one is answered by the source, and the outer one stores its value.
        let nested =
            || async { cache.get_or_load("nested:1", &MINUTE.name("inner"), || load(1)).await };
        _ = cache.get_or_load("nested:1", &MINUTE.name("outer"), nested).await;
        let _ = transaction(async {
            _ = loads("within:1", "within", &[]).await;
            Ok::<_, Infallible>(())
        })
        .await;
        _ = cache.bypass(loads("past:1", "past", &[])).await;
        for (function, expected) in [
            ("fenced", "1 fenced"),
            ("tagged", "1 fenced"),
            ("overtaken", "1 superseded"),
            ("inner", "1 nested"),
            ("outer", ""),
            ("within", "1 transaction"),
            ("past", "1 bypassed"),
        ] {
            assert_eq!(reasons(&cache, &log, function), expected, "{function}");
        }
    })
    .await;
}

/// A `put` is counted under the name of its policy, or as `put`.
#[tokio::test]
async fn what_is_put_and_not_stored_has_a_reason() {
    on_each_store(async |cache| {
        let log = Log::listen();
        cache.put("row:1", &1, 60).await;
        cache.put("row:2", &1, 0).await;
        cache.put("row:3", &f64::NAN, 60).await;
        let small = MINUTE.max_bytes(10).name("small");
        cache.with(&small).put("row:4", &"x".repeat(20)).await;
        let fence = cache.fence(["row:5"]).await;
        cache.put("row:5", &1, 60).await;
        fence.settle().await;
        transaction(cache.put("row:6", &1, 60)).await;
        let tags = cache.fence_tags(["tag:1"]).await;
        cache.with(&MINUTE.name("tagged")).tagged(["tag:1"]).put("row:7", &1).await;
        tags.settle().await;
        let put = "1 zero_ttl, 1 unencodable, 1 superseded, 1 transaction";
        assert_eq!(reasons(&cache, &log, "put"), put);
        assert_eq!(reasons(&cache, &log, "small"), "1 too_large");
        assert_eq!(reasons(&cache, &log, "tagged"), "1 fenced");
    })
    .await;
}

/// Another process loads the key, and this one does not wait.
#[tokio::test]
async fn what_another_process_is_loading_is_its_to_store() {
    let server = RedisServer::start();
    let (one, other) = (patient_cache(&server.url()).await, patient_cache(&server.url()).await);
    let (log, source) = (Log::listen(), Source::held());
    let policy = MINUTE.name("leased");
    let first = one.get_or_load("leased:1", &policy, || async { load(source.query().await).await });
    let second = async {
        source.asked(1).await;
        let second = other.get_or_load("leased:1", &policy, || load(2)).await;
        source.answer_all();
        second
    };
    assert_eq!(in_time("both", async { tokio::join!(first, second) }).await, (Ok(1), Ok(2)));
    assert_eq!(reasons(&other, &log, "leased"), "1 leased");
    assert_eq!(counters(&one, "leased").not_stored.total(), 0);
}

#[tokio::test]
async fn a_store_that_does_not_answer_keeps_nothing() {
    let port = Port::take();
    let cache = hasty_cache(&format!("redis://127.0.0.1:{port}")).await;
    let log = Log::listen();
    assert_eq!(cache.get_or_load("away:1", &MINUTE.name("away"), || load(1)).await, Ok(1));
    let rows = |ids: Vec<u64>| load(ids.into_iter().map(|id| (id, id)).collect::<Vec<_>>());
    let many = MINUTE.name("away_many");
    _ = cache.get_or_load_many(&[1, 2], |id| format!("away:{id}"), &many, rows).await;
    let saved = cache.write_through("away:1", &MINUTE.name("saved"), || load(1)).await;
    assert_eq!(saved, Ok(1));
    assert_eq!(reasons(&cache, &log, "away"), "1 unavailable");
    assert_eq!(reasons(&cache, &log, "away_many"), "2 unavailable");
    assert_eq!(reasons(&cache, &log, "saved"), "1 unavailable");

    // One that dies between the lease and the fill.
    let mut server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let mut kill = move || server.kill();
    let dies = || async move {
        kill();
        load(1).await
    };
    assert_eq!(cache.get_or_load("dies:1", &MINUTE.name("dies"), dies).await, Ok(1));
    assert_eq!(reasons(&cache, &log, "dies"), "1 unavailable");
}

#[tokio::test(start_paused = true)]
async fn a_load_that_takes_too_long_is_not_stored() {
    let (cache, log) = (Cache::in_memory(), Log::listen());
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        load(1).await
    };
    let policy = MINUTE.load_timeout(Duration::from_secs(5)).name("slow");
    assert_eq!(cache.get_or_load("slow:1", &policy, slow).await, Ok(1));
    assert_eq!(reasons(&cache, &log, "slow"), "1 load_timeout");
}

#[tokio::test]
async fn what_the_embedded_store_has_no_room_for_is_too_large() {
    let cache = Cache::connect("memory://?max_bytes=1MiB").await.expect("a good URL");
    let log = Log::listen();
    let large = || load("x".repeat(2 << 20));
    _ = cache.get_or_load("large:1", &MINUTE.name("large"), large).await;
    _ = cache.write_through("large:2", &MINUTE.name("written"), large).await;
    assert_eq!(reasons(&cache, &log, "large"), "1 too_large");
    assert_eq!(reasons(&cache, &log, "written"), "1 too_large");
    assert_eq!(counters(&cache, "large").superseded, 0);
}

#[write_through(key = "saved:<id>", ttl = 60, cache = cache, name = "save")]
async fn save(cache: &Cache, id: u64, row: Option<Row>) -> Option<Row> {
    row
}

#[write_through(key = "saved:<id>", ttl = 60, when = false, cache = cache, name = "idle")]
async fn idle(cache: &Cache, id: u64) -> u64 {
    id
}

#[write_through(key = "saved:<id>", ttl = 60, cache = cache, name = "failing")]
async fn failing(cache: &Cache, id: u64) -> Result<u64, &'static str> {
    Err("the source fails")
}

#[tokio::test]
async fn a_writer_says_why_it_leaves_nothing() {
    on_each_store(async |cache| {
        let log = Log::listen();
        save(&cache, 1, Some(Row::default())).await;
        save(&cache, 2, None).await;
        save(&cache, 3, Some(Row { id: 3, lost: 3 })).await;
        idle(&cache, 5).await;
        _ = failing(&cache, 6).await;
        // Two writers overlap, and nobody knows whose commit came last.
        let fence = cache.fence(["saved:7"]).await;
        save(&cache, 7, Some(Row::default())).await;
        fence.settle().await;
        let _ = transaction(async {
            save(&cache, 8, Some(Row::default())).await;
            Ok::<_, Infallible>(())
        })
        .await;
        // The other one ends first, and the last one cannot know which commit came last.
        let fence = cache.fence(["saved:8"]).await;
        let overlaps = || async {
            fence.settle().await;
            load(8).await
        };
        _ = cache.write_through("saved:8", &MINUTE.name("overlaps"), overlaps).await;
        let tags = cache.fence_tags(["tag:1"]).await;
        let tagged = cache.tagged(["tag:1"]);
        _ = tagged.write_through("saved:9", &MINUTE.name("tagged"), || load(9)).await;
        tags.settle().await;
        for (function, expected) in [
            ("save", "1 absent, 1 changed, 1 superseded, 1 transaction"),
            ("idle", "1 bypassed"),
            ("overlaps", "1 superseded"),
            ("failing", ""),
            ("tagged", "1 fenced"),
        ] {
            assert_eq!(reasons(&cache, &log, function), expected, "{function}");
        }
        assert_eq!(cache.get("saved:1").await, Ok(Some(Row::default())));
        assert_eq!(cache.get::<Row>("saved:7").await, Ok(None));
    })
    .await;
}
