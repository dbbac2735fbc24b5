//! Light and dark, wide and narrow, by mouse and by keyboard.

use cache_tests::{
    browser::{Browser, Page},
    dashboard::{assert_clean, shows, text},
};
use serde_json::{Value, json};

use crate::{
    site::{Script, Site},
    states::called,
};

/// Names as macros write them, and one that never ends.
const NAMES: [&str; 12] = [
    "shop::users::Users::find",
    "shop::users::Users::list",
    "shop::orders::Orders::find",
    "shop::orders::Orders::open_orders_of_all_customers_by_region_and_month_and_currency_and_channel",
    "prices.of",
    "a_name_without_any_place_to_break_it_that_is_longer_than_the_screen_of_a_phone_is_wide",
    "shop::carts::Carts::find",
    "shop::carts::Carts::of",
    "shop::flags::all",
    "shop::quotas::left",
    "shop::tenants::Tenants::find",
    "shop::tenants::Tenants::list",
];

/// A document with something in every part of the page.
async fn document() -> Value {
    let mut document = called(&NAMES).await;
    let steps = 300;
    document["store"]["breaker"] = json!("open");
    document["store"]["pending_invalidations"] = json!(3);
    for f in document["functions"].as_array_mut().unwrap() {
        f["load_failures"] = json!(1);
        f["load_time"] = json!({ "count": 9, "sum_us": 900, "p50_us": 90, "p95_us": 1900, "p99_us": 2_000_000, "max_us": 3_000_000 });
    }
    let repeat = |n: u64| json!(vec![n; steps]);
    let history = &mut document["history"];
    for (series, n) in [
        ("ms", 1000),
        ("requests", 100),
        ("answered", 93),
        ("loads", 7),
        ("load_failures", 1),
        ("load_p50_us", 4000),
        ("load_p99_us", 40_000),
        ("store_p50_us", 200),
        ("store_p99_us", 900),
    ] {
        history[series] = repeat(n);
    }
    history["breaker"] = json!((0..steps).map(|n| if n > 200 { 2 } else { 0 }).collect::<Vec<_>>());
    document
}

/// The relative luminance of a colour (WCAG 2).
fn luminance(colour: &str) -> f64 {
    let parts = colour.trim_start_matches("rgb(").trim_end_matches(')').split(", ");
    let linear = parts.map(|part| {
        let c = part.parse::<f64>().unwrap_or_else(|_| panic!("`{colour}`")) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    linear.zip([0.2126, 0.7152, 0.0722]).map(|(c, weight)| c * weight).sum()
}

/// The colours of texts, and those of what is behind them.
const COLOURS: &str = r##"(() => {
    const behind = (e) => {
        const colour = getComputedStyle(e).backgroundColor;
        return colour === "rgba(0, 0, 0, 0)" && e.parentElement ? behind(e.parentElement) : colour;
    };
    return ["h1", "h2", ".note", ".facts dd.bad", ".facts dd.warn", ".facts dd.good", "#band p", "#band b", "#rate", "#theme",
        ".legend b", ".legend .hit", ".legend .load", ".legend .store", "td.name b", "td.name button", "td.bad", "td.zero", "th button", "footer a"]
        .map((at) => { const e = document.querySelector(at); return [at, e ? getComputedStyle(e).color : "", e ? behind(e.matches(".legend i") ? e.parentElement : e) : ""]; });
})()"##;

async fn assert_contrast(page: &mut Page) {
    let colours: Vec<[String; 3]> = page.evaluate(COLOURS).await;
    for [at, ink, paper] in colours {
        assert!(!ink.is_empty(), "`{at}` is not on the page");
        let (a, b) = (luminance(&ink), luminance(&paper));
        let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
        assert!(contrast >= 4.5, "{at}: {ink} on {paper} is {contrast:.2}");
    }
}

#[tokio::test]
async fn it_is_readable_in_light_and_dark_and_at_any_width() {
    let script = Script::new(document().await);
    let site = Site::serve(script.app()).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    let mut pictures = Vec::new();
    for scheme in ["light", "dark"] {
        page.look(scheme, [1280, 900]).await;
        page.go(&site.url("/cache")).await;
        shows(&mut page, "doc.functions.length === 12").await;
        page.until("document.querySelector('#chart-latency path')").await;
        // The figures of a legend are there while somebody points.
        page.evaluate::<()>(&press("#chart-rate [role=slider]", "End")).await;
        assert_contrast(&mut page).await;
        let paper: String = page.evaluate("getComputedStyle(document.body).backgroundColor").await;
        assert_eq!(luminance(&paper) > 0.5, scheme == "light", "{paper}");
        pictures.push(page.screenshot().await);
        for width in [1440, 1024, 768, 390, 320] {
            page.look(scheme, [width, 900]).await;
            page.until(&format!("innerWidth === {width}")).await;
            let root = "document.documentElement";
            let fits = format!("{root}.scrollWidth <= {root}.clientWidth");
            assert!(page.evaluate::<bool>(&fits).await, "it is wider than a window of {width}");
        }
    }
    assert_ne!(pictures[0], pictures[1]);

    // What was chosen by hand wins over the system, and stays.
    let paper = "getComputedStyle(document.body).backgroundColor";
    let dark: String = page.evaluate(paper).await;
    page.evaluate::<()>("void document.getElementById('theme').click()").await;
    assert_eq!(text(&mut page, "theme").await, "Theme: light");
    assert_ne!(page.evaluate::<String>(paper).await, dark);
    page.go(&site.url("/cache/")).await;
    page.until("document.getElementById('theme').textContent === 'Theme: light'").await;
    assert_clean(&page, &site.url(""));
}

/// The names of the rows, from top to bottom.
const ROWS: &str =
    "[...document.querySelectorAll('tbody tr[data-name]')].map((tr) => tr.dataset.name)";

fn press(at: &str, key: &str) -> String {
    let event = format!("new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }})");
    format!("void document.querySelector(\"{at}\").dispatchEvent({event})")
}

#[tokio::test]
async fn it_is_sorted_filtered_opened_and_read_out() {
    let script = Script::new(document().await);
    let site = Site::serve(script.app()).await;
    let browser = Browser::start().await;
    let mut page = browser.page().await;
    page.look("light", [1280, 900]).await;
    page.go(&site.url("/cache")).await;
    shows(&mut page, "doc.functions.length === 12").await;

    // The later a name, the more calls: so most calls first is the list from its end.
    let mut names = NAMES.map(str::to_owned).to_vec();
    names.reverse();
    assert_eq!(page.evaluate::<Vec<String>>(ROWS).await, names);
    let click =
        |key: &str| format!("void document.querySelector('th[data-key={key}] button').click()");
    page.evaluate::<()>(&click("requests")).await;
    names.reverse();
    assert_eq!(page.evaluate::<Vec<String>>(ROWS).await, names, "fewest first");
    page.evaluate::<()>(&click("name")).await;
    names.sort();
    assert_eq!(page.evaluate::<Vec<String>>(ROWS).await, names, "by name");
    let sorted = "document.querySelector('th[aria-sort]').dataset.key";
    assert_eq!(page.evaluate::<String>(sorted).await, "name");

    let filter = "(() => { const f = document.getElementById('filter'); f.value = 'TENANT'; f.dispatchEvent(new Event('input')); })()";
    page.evaluate::<()>(&format!("void {filter}")).await;
    let found = ["shop::tenants::Tenants::find", "shop::tenants::Tenants::list"];
    assert_eq!(page.evaluate::<Vec<String>>(ROWS).await, found);

    // All counters of a function are one click away, and stay open while documents come.
    page.evaluate::<()>("void document.querySelector('td.name button').click()").await;
    let now: u64 = page.evaluate("cacheDashboard.document.now").await;
    let mut next = document().await;
    next["now"] = json!(now + 5000);
    for f in next["functions"].as_array_mut().unwrap() {
        f["audits"] = json!(if f["name"] == found[0] { 4321 } else { 0 });
    }
    script.set(Ok(next));
    shows(&mut page, &format!("doc.now === {}", now + 5000)).await;
    let more: String = page.evaluate("document.querySelector('tr.more').textContent").await;
    assert!(more.contains("audits4,321"), "{more}");

    // The arrow keys read the charts out, all three at the same moment.
    let slider = "#chart-rate [role=slider]";
    let said = format!("document.querySelector('{slider}').getAttribute('aria-valuetext')");
    page.evaluate::<()>(&press(slider, "Home")).await;
    let first: String = page.evaluate(&said).await;
    page.evaluate::<()>(&press(slider, "End")).await;
    let last: String = page.evaluate(&said).await;
    assert!(first != last && last.ends_with("hit rate 93.0 %"), "{first}, {last}");
    let cursors = "document.querySelectorAll('.chart .cursor').length";
    assert_eq!(page.evaluate::<u32>(cursors).await, 3);
    page.evaluate::<()>(&press(slider, "Escape")).await;
    assert_eq!(page.evaluate::<u32>(cursors).await, 0);
    assert_clean(&page, &site.url(""));
}
