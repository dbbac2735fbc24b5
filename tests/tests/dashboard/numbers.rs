//! What the page says is what the document says, and that is what the cache says.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, cached, dashboard::Dashboard, invalidates};
use cache_tests::{
    browser::{Browser, Page},
    server::RedisServer,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::site::{Site, assert_clean, mounted, shows};

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

/// Everything that a page shows as a number, read in one go.
#[derive(Debug, Deserialize)]
struct Shown {
    document: Value,
    figures: BTreeMap<String, String>,
    rows: BTreeMap<String, BTreeMap<String, String>>,
    total: BTreeMap<String, String>,
    writes: BTreeMap<String, String>,
}

const LOOK: &str = r#"(() => {
    const cells = (tr) => Object.fromEntries(
        [...tr.querySelectorAll("td[data-key]")].map((td) => [td.dataset.key, td.textContent]));
    const rows = [...document.querySelectorAll("tbody tr[data-name]")];
    const output = (id) => [id, document.getElementById(id).textContent];
    return {
        document: cacheDashboard.document,
        figures: Object.fromEntries(["rate", "saved", "requests", "loads", "load-p99", "store-p99", "owed", "breaker", "kind"].map(output)),
        rows: Object.fromEntries(rows.map((tr) => [tr.dataset.name, cells(tr)])),
        total: cells(document.querySelector("tfoot tr")),
        writes: Object.fromEntries(rows.map((tr) => [tr.dataset.name, tr.querySelector(".writes").textContent])),
    };
})()"#;

/// The number in a text, whatever unit comes after it; a duration in microseconds.
fn read(text: &str) -> f64 {
    let end =
        text.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(text.len());
    let number = text[..end].replace(',', "");
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("`{text}` is no number"));
    match text[end..].trim() {
        "ms" => number * 1e3,
        "s" => number * 1e6,
        "" | "%" | "µs" => number,
        unit => panic!("`{unit}` of `{text}`"),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// `text` is `value` as near as its digits can say it, or a dash where there is none.
fn assert_says(what: &str, text: &str, value: Option<f64>, within: f64) {
    match value {
        None => assert_eq!(text, "–", "{what}"),
        Some(value) => {
            let off = (read(text) - value).abs();
            assert!(off <= within + 1e-9, "{what}: `{text}` is said of {value}");
        }
    }
}

/// A row of the table, beside the function's part of the document.
fn assert_row(name: &str, cells: &BTreeMap<String, String>, f: &Value) {
    let sum = |keys: &[&str]| keys.iter().map(|key| number(&f[*key])).sum::<f64>();
    let answered = sum(&["hits", "negative_hits", "stale_hits"]);
    let requests = answered + sum(&["misses"]);
    for (key, text) in cells {
        let what = format!("{key} of {name}");
        let timed = |q: &str| (f["load_time"]["count"] != 0).then(|| number(&f["load_time"][q]));
        match key.as_str() {
            "name" => assert!(text == name || name == "total", "{text}"),
            "requests" => assert_says(&what, text, Some(requests), 0.0),
            "rate" => {
                let rate = (requests > 0.0).then_some(100.0 * answered / requests);
                assert_says(&what, text, rate, 0.1);
            }
            "p50" | "p99" => {
                let value = timed(&format!("{key}_us"));
                assert_says(&what, text, value, value.unwrap_or(0.0) / 100.0);
            }
            counter => assert_says(&what, text, Some(number(&f[counter])), 0.0),
        }
    }
}

impl Shown {
    async fn on(page: &mut Page) -> Shown {
        page.evaluate(LOOK).await
    }

    /// Every number on the page, beside the document that the page read last.
    fn assert_true(&self) {
        let functions = self.document["functions"].as_array().unwrap();
        assert_eq!(self.rows.len(), functions.len());
        for f in functions {
            let name = f["name"].as_str().unwrap();
            if self.writes[name].is_empty() {
                assert_eq!(self.rows[name].len(), 14, "columns of {name}");
                assert_row(name, &self.rows[name], f);
            } else {
                let keys = self.writes[name].split(' ').next().unwrap_or_default();
                assert_says(name, keys, Some(number(&f["invalidations"])), 0.0);
            }
        }
        assert_row("total", &self.total, &self.document["total"]);
        self.assert_figures();
    }

    fn assert_figures(&self) {
        let (recent, total) = (&self.document["recent"], &self.document["total"]);
        let says = |id: &str, value: Option<f64>, within: f64| {
            assert_says(id, &self.figures[id], value, within);
        };
        let [requests, answered, ms] =
            ["requests", "answered", "ms"].map(|key| number(&recent[key]));
        says("rate", (requests > 0.0).then_some(100.0 * answered / requests), 0.1);
        let of_total = |key: &str| number(&total[key]);
        let calls =
            ["hits", "negative_hits", "stale_hits", "misses"].map(of_total).iter().sum::<f64>();
        says("saved", Some((calls - of_total("loads")).max(0.0)), 0.0);
        for id in ["requests", "loads"] {
            let rate = if ms > 0.0 { 1000.0 * number(&recent[id]) / ms } else { 0.0 };
            says(id, Some(rate), if rate < 10.0 { 0.05 } else { 0.5 });
        }
        for (id, time) in [("load-p99", "load_time"), ("store-p99", "store_time")] {
            let value = (recent[time]["count"] != 0).then(|| number(&recent[time]["p99_us"]));
            says(id, value, value.unwrap_or(0.0) / 100.0);
        }
        says("owed", Some(number(&self.document["store"]["pending_invalidations"])), 0.0);
        assert_eq!((&*self.figures["kind"], &*self.figures["breaker"]), ("Redis", "Closed"));
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
    let mut last = (0.0, 0.0);
    for _ in 0..4 {
        shows(&mut page, &format!("doc.now > {} && doc.history.ms.length > 0", last.0)).await;
        let shown = Shown::on(&mut page).await;
        shown.assert_true();
        let now = (number(&shown.document["now"]), number(&shown.document["total"]["hits"]));
        assert!(now.1 > last.1, "it is under load: {now:?} after {last:?}");
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
    assert_clean(&page, &site);
}
