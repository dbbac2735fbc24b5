//! What the page says is what the document says, and that is what the cache says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, cached, dashboard::Dashboard, invalidates};
use cache_tests::{
    browser::Browser,
    dashboard::{Shown, assert_clean, shows, text},
    server::RedisServer,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    site::{Script, Site, mounted},
    troubles::calm,
};

/// What would be done to a page that took a name for markup.
const MARKUP: &str = r#"<img src=x onerror="globalThis.pwned = true">"#;

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 60, lock, name = "users.find")]
async fn find(id: u64) -> Result<Option<u64>, String> {
    tokio::time::sleep(Duration::from_millis(id % 7)).await;
    if id % 11 == 10 {
        return Err("out of order".to_owned());
    }
    Ok((id % 3 != 2).then_some(id))
}

#[cached(key = "odd:<id>", ttl = 60, name = r#"<img src=x onerror="globalThis.pwned = true">"#)]
async fn odd(id: u64) -> u64 {
    id
}

#[invalidates("user:<id>", name = "users.update")]
async fn update(id: u64) -> Result<(), String> {
    Ok(())
}

/// Callers that go on until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    callers: JoinSet<()>,
}

impl Load {
    fn on(cache: &Cache) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for caller in 0..4 {
            let (stop, cache) = (Arc::clone(&stop), cache.clone());
            callers.spawn(async move {
                // So many calls a second, so that the browser has the machine too.
                let mut pace = tokio::time::interval(Duration::from_millis(5));
                for n in caller.. {
                    pace.tick().await;
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let calls = async {
                        _ = find(n % 100).await;
                        odd(n % 30).await;
                        if n % 16 == 0 {
                            update(n % 100).await.unwrap();
                        }
                    };
                    cache.scope(calls).await;
                }
            });
        }
        Load { stop, callers }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.callers.join_all().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_on_the_page_are_those_of_the_document() {
    let server = RedisServer::start();
    let cache = Cache::builder().url(&server.url()).namespace("shop").build().await.unwrap();
    let dashboard = Dashboard::new(&cache);
    let site = Site::serve(mounted(&dashboard)).await;
    let load = Load::on(&cache);
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.go(&site.url("/cache")).await;

    // While calls go on, for some documents in a row.
    let mut last = [0, 0];
    for _ in 0..4 {
        shows(&mut page, &format!("doc.now > {} && doc.history.ms.length > 0", last[0])).await;
        let shown = Shown::on(&mut page).await;
        shown.assert_true();
        let now = [&shown.document["now"], &shown.document["total"]["hits"]]
            .map(|number| number.as_u64().unwrap());
        assert!(now[1] > last[1], "it is under load: {now:?} after {last:?}");
        last = now;
    }

    // And when they have ended, with what the cache itself says.
    load.end().await;
    let stats = cache.stats();
    let settled = "doc.history.until > doc.since && doc.recent.requests > 0";
    let hits = stats.total().hits;
    shows(&mut page, &format!("doc.total.hits === {hits} && {settled}")).await;
    let shown = Shown::on(&mut page).await;
    shown.assert_true();
    let stats = cache.stats();
    assert_eq!(shown.document["functions"], json!(stats.functions));
    assert_eq!(shown.document["total"], json!(stats.total()));
    assert_eq!(shown.document["store"], json!(stats.store));
    assert!(stats.total().negative_hits > 0 && stats.total().load_failures > 0);

    // A name is a text.
    assert!(shown.rows.contains_key(MARKUP), "{:?}", shown.rows.keys());
    assert_eq!(shown.rows[MARKUP]["name"], MARKUP);
    let images = "document.images.length === 0 && globalThis.pwned === undefined";
    assert!(page.evaluate::<bool>(images).await, "it was taken for markup");
    assert_clean(&page, &site.url(""));
}

#[tokio::test]
async fn figures_are_of_the_last_ten_seconds_if_those_had_calls_enough() {
    let script = Script::new(calm(|doc| doc["latest"]["answered"] = json!(400)).await);
    let site = Site::serve(script.app()).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.go(&site.url("/cache")).await;
    shows(&mut page, "doc.latest.answered === 400").await;
    assert_eq!(text(&mut page, "rate").await, "80.0%");
    assert_eq!(text(&mut page, "rate-note").await, "of 500 calls in the last 10\u{a0}s");
    let few = |doc: &mut Value| {
        doc["latest"]["requests"] = json!(9);
        doc["latest"]["answered"] = json!(1);
    };
    script.set(Ok(calm(few).await));
    shows(&mut page, "doc.latest.answered === 1").await;
    assert_eq!(text(&mut page, "rate").await, "90.0%");
    assert_eq!(text(&mut page, "rate-note").await, "of 3,000 calls in the last minute");
}
