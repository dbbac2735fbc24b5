//! What the page says of a cache that nobody has called, of an outage, and of a server that does not answer.

use axum::http::StatusCode;
use cache_runtime::{Cache, Policy, dashboard::Dashboard};
use cache_tests::{
    browser::Browser,
    dashboard::{assert_clean, shows, text},
};
use serde_json::{Value, json};

use crate::site::{Script, Site, mounted};

/// The document of a cache with some calls, as if it were over Redis.
pub(crate) async fn called(names: &[&'static str]) -> Value {
    let cache = Cache::in_memory();
    let dashboard = Dashboard::new(&cache);
    for (calls, name) in (2..).zip(names) {
        let policy = Policy::ttl(60).name(name);
        for _ in 0..calls {
            let load = || async { Ok::<_, String>(1) };
            cache.get_or_load(*name, &policy, load).await.unwrap();
        }
    }
    let mut document: Value = serde_json::from_str(&dashboard.json()).unwrap();
    document["store"]["kind"] = json!("redis");
    document
}

#[tokio::test]
async fn a_cache_that_nobody_has_called_says_so() {
    let dashboard = Dashboard::new(&Cache::in_memory());
    let site = Site::serve(mounted(&dashboard)).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    // With and without a slash, the document is below the page.
    for path in ["/cache/", "/cache"] {
        page.go(&site.url(path)).await;
        shows(&mut page, "doc.history.ms.length > 0").await;
        assert!(text(&mut page, "rate-note").await.starts_with("No calls yet."));
        assert_eq!(text(&mut page, "rate").await, "–");
        assert_eq!(text(&mut page, "chart-rate").await.matches("no calls yet").count(), 1);
        assert_eq!(text(&mut page, "none").await, "No annotated function was called yet.");
        assert_eq!(text(&mut page, "breaker").await, "None needed");
    }
    assert_clean(&page, &site.url(""));
}

#[tokio::test]
async fn an_outage_is_a_word_and_a_shape_and_a_sentence() {
    let script = Script::new(called(&["users.find"]).await);
    let site = Site::serve(script.app()).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.go(&site.url("/cache")).await;
    let shape = "document.querySelector('#breaker svg').innerHTML";
    let mut shapes = Vec::new();
    for (breaker, owed, word, sentence) in [
        ("closed", 0, "Closed", ""),
        ("open", 12, "Open", "The breaker is open. Redis does not answer"),
        ("half_open", 1, "Half open", "The breaker is half open."),
        ("closed", 1, "Closed", "Catching up. 1 invalidation is pending."),
    ] {
        let mut document = called(&["users.find"]).await;
        document["store"]["breaker"] = json!(breaker);
        document["store"]["pending_invalidations"] = json!(owed);
        script.set(Ok(document));
        let is = "doc.store.breaker ===";
        let owes = "doc.store.pending_invalidations ===";
        shows(&mut page, &format!("{is} '{breaker}' && {owes} {owed}")).await;
        assert_eq!(text(&mut page, "breaker").await, word);
        assert_eq!(text(&mut page, "pending").await, owed.to_string());
        let band: String =
            page.evaluate("document.querySelector('#band:not([hidden])')?.textContent ?? ''").await;
        assert!(band.starts_with(sentence) && band.is_empty() == sentence.is_empty(), "{band}");
        if owed == 12 {
            assert!(band.ends_with("12 invalidations are pending."), "{band}");
        }
        shapes.push(page.evaluate::<String>(shape).await);
    }
    assert_eq!(shapes[0], shapes[3]);
    assert!(shapes[0] != shapes[1] && shapes[1] != shapes[2] && shapes[0] != shapes[2]);
    assert_clean(&page, &site.url(""));
}

#[tokio::test]
async fn a_page_that_has_lost_its_server_finds_it_again() {
    let script = Script::new(called(&["users.find"]).await);
    let site = Site::serve(script.app()).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.go(&site.url("/cache")).await;
    shows(&mut page, "doc.total.hits === 1").await;
    let band = "document.querySelector('#band:not([hidden])')?.textContent ?? ''";

    let address = site.address;
    drop(site);
    // A connection that stays open is still served, so it has to be told.
    script.set(Err(StatusCode::SERVICE_UNAVAILABLE));
    page.until("cacheDashboard.state === 'lost'").await;
    let message: String = page.evaluate(band).await;
    assert!(message.starts_with("Connection lost. This is what was read at"), "{message}");
    assert!(message.contains("Retrying in"), "{message}");
    assert_eq!(text(&mut page, "link").await, "Connection lost");
    assert_eq!(text(&mut page, "saved").await, "1", "the last numbers stay");

    script.set(Ok(called(&["users.find", "users.list"]).await));
    let _site = Site::serve_at(address, script.app()).await;
    shows(&mut page, "doc.total.hits === 3").await;
    assert_eq!(page.evaluate::<String>(band).await, "");
    assert_eq!(text(&mut page, "link").await, "Live");
    assert_eq!(text(&mut page, "saved").await, "3");
}
