//! The service's page in a real browser, under load and while Redis is away: what it shows is what the JSON says.

use cache_tests::{
    browser::{Browser, Page},
    dashboard::{Shown, assert_clean, shows},
    patience::eventually,
    server::RedisServer,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{grafana, load::Load, service::Service};

/// What the service's repository is made of.
const FUNCTIONS: [&str; 10] = [
    "seen.find",
    "seen.save",
    "seen.save_now",
    "users.create",
    "users.delete",
    "users.find",
    "users.find_many",
    "users.list",
    "users.statistics",
    "users.update",
];

/// Calls what the clients of a load do not. What is seen while Redis is away goes into the database at once.
async fn call_the_rest(service: &Service) {
    for path in ["users/1/seen", "statistics"] {
        let (status, answer) = service.get(&format!("/tenants/tenant-0/{path}")).await;
        assert!(status == 200 || status == 404, "{path}: {status} {answer}");
    }
    let seen = service.send(Method::POST, "/tenants/tenant-0/users/1/seen", None).await;
    assert_eq!(seen.0, 202);
}

/// Waits for a document that is newer than the last, and checks what the page makes of it.
async fn next(page: &mut Page, last: &Value) -> Shown {
    shows(page, &format!("doc.now > {last} && doc.history.ms.length > 0")).await;
    let shown = Shown::on(page).await;
    shown.assert_true();
    shown
}

/// Waits for the page to show something, and checks all that it shows with it.
async fn once(page: &mut Page, condition: impl Fn(&Shown) -> bool) -> Shown {
    let mut shown = Shown::on(page).await;
    eventually("the page shows it", async || {
        shown = Shown::on(page).await;
        condition(&shown)
    })
    .await;
    shown.assert_true();
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_what_the_json_says_under_load_and_in_an_outage() {
    let mut redis = RedisServer::start();
    let service = Service::start(&[("CACHE_URL", &redis.patient_url())]);
    let load = Load::start(&service, 2, 1).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.look("light", [1280, 900]).await;
    page.go(&format!("{}/cache", service.url())).await;
    call_the_rest(&service).await;

    let mut last = json!({ "now": 0, "total": { "hits": 0 } });
    for _ in 0..3 {
        let shown = next(&mut page, &last["now"]).await;
        let hits = |document: &Value| document["total"]["hits"].as_u64();
        assert!(hits(&shown.document) > hits(&last), "it is under load");
        assert_eq!(shown.figures["breaker"], "Closed");
        last = shown.document;
    }

    redis.kill();
    let shown = once(&mut page, |shown| shown.figures["breaker"] == "Open").await;
    call_the_rest(&service).await;
    assert!(shown.troubles[0].starts_with("The breaker is open. Redis does not answer;"));
    assert_eq!(shown.title, "◆ The breaker is open · users-api");

    redis.restart_empty();
    once(&mut page, |shown| {
        (&*shown.figures["breaker"], &*shown.figures["pending"]) == ("Closed", "0")
    })
    .await;
    let again = "doc.latest.answered > 0 && doc.history.breaker.at(-1) === 0";
    shows(&mut page, again).await;

    let tally = load.end().await;
    assert_eq!((tally.failed(), tally.stale()), (0, 0), "{:#?}", tally.examples());
    at_rest(&service, &mut page).await;
    in_the_dark_and_on_a_phone(&service, &mut page).await;
    assert_clean(&page, service.url());
    grafana::check(&service.text("/metrics").await);
}

/// When nothing goes on, the page and the JSON that anybody can read are the same, all counters of all functions too.
async fn at_rest(service: &Service, page: &mut Page) {
    page.evaluate::<()>("document.querySelectorAll('td.name button').forEach((b) => b.click())")
        .await;
    let mut shown = Shown::on(page).await;
    eventually("the page shows the last document", async || {
        let (_, json) = service.get("/cache/json").await;
        shown = Shown::on(page).await;
        ["functions", "total", "store"].iter().all(|part| shown.document[part] == json[part])
    })
    .await;
    shown.assert_true();
    assert_eq!(shown.rows.keys().collect::<Vec<_>>(), FUNCTIONS);
    assert_eq!(shown.counters.keys().collect::<Vec<_>>(), FUNCTIONS);
    assert!(shown.rate.is_some(), "there is a line");
    assert!(shown.counters["users.find"].contains_key("load time p99"));
    assert!(shown.writes["seen.save"].contains(" flushed"), "{:?}", shown.writes);
}

async fn in_the_dark_and_on_a_phone(service: &Service, page: &mut Page) {
    let paper = "getComputedStyle(document.body).backgroundColor";
    let mut papers = Vec::new();
    for (scheme, size) in [("light", [390, 844]), ("dark", [1280, 900]), ("dark", [390, 844])] {
        page.look(scheme, size).await;
        page.go(&format!("{}/cache", service.url())).await;
        next(page, &json!(0)).await;
        papers.push(page.evaluate::<String>(paper).await);
        let root = "document.documentElement";
        let fits = format!("innerWidth === {} && {root}.scrollWidth <= innerWidth", size[0]);
        assert!(page.evaluate::<bool>(&fits).await, "{scheme}, {size:?}");
    }
    assert!(papers[0] != papers[1] && papers[1] == papers[2], "{papers:?}");
}
