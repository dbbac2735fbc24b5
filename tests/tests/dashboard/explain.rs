//! The field that asks what stands under a key: there where it is mounted, and nowhere else.

use cache_runtime::{Cache, Policy, dashboard::Dashboard};
use cache_tests::{
    browser::{Browser, Page},
    dashboard::{assert_clean, shows, text},
};

use crate::site::{Site, explaining, mounted};

/// A key that would be markup.
const ODD: &str = "<img src=x onerror=alert(1)>";

/// Asks as somebody at a keyboard does, and what the page says then.
async fn asked(page: &mut Page, key: &str, tags: &str, begins: &str) -> String {
    let ask = format!(
        "(() => {{ byId('ask-key').value = {key:?}; byId('ask-tags').value = {tags:?}; \
         document.querySelector('#ask button').click(); return true; }})()"
    );
    // The script is a module, whose names are its own.
    let ask = ask.replace("byId(", "document.getElementById(");
    assert!(page.evaluate::<bool>(&ask).await);
    page.until(&format!("document.getElementById('told').textContent.startsWith({begins:?})"))
        .await;
    text(page, "told").await
}

#[tokio::test]
async fn the_page_says_what_stands_under_a_key() {
    const MINUTE: Policy = Policy::ttl(60);
    let cache = Cache::builder().namespace("shop").build().await.expect("good settings");
    let tenant = cache.tagged(["tenant:7"]);
    let load = || async { Some("a value that is nobody's business".to_owned()) };
    tenant.get_or_load("user:42", &MINUTE, load).await;
    let dashboard = Dashboard::new(&cache);
    let site = Site::serve(explaining(&dashboard)).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.go(&site.url("/cache")).await;
    shows(&mut page, "true").await;

    let told =
        asked(&mut page, "user:42", "tenant:7", "shop:user:42: a value, which is served").await;
    assert!(told.contains("\n  tag tenant:7: stands") && !told.contains("business"), "{told}");
    cache.invalidate_tags(["tenant:7"]).await;
    let told =
        asked(&mut page, "user:42", " tenant:7 ", "shop:user:42: a value, which is not").await;
    assert!(told.contains("tag tenant:7: was invalidated"), "{told}");
    asked(&mut page, ODD, "", &format!("shop:{ODD}: nothing")).await;
    assert_eq!(dashboard.explain(" \n").await, r#"{"error":"the first line has to be a key"}"#);
    let loads = cache.stats().total().loads;
    assert_eq!(loads, 1, "nothing is loaded to be explained");
    assert_clean(&page, &site.url(""));
}

#[tokio::test]
async fn a_page_without_leave_has_no_field() {
    let site = Site::serve(mounted(&Dashboard::new(&Cache::in_memory()))).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.go(&site.url("/cache")).await;
    shows(&mut page, "true").await;
    let seen = "document.getElementById('explain').checkVisibility()";
    assert!(!page.evaluate::<bool>(seen).await);
}
