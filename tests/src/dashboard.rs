//! Reads the dashboard's page in a browser, and compares every number on it with the document that it has read.

mod figures;
mod rows;
mod said;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::browser::Page;

/// The texts of some cells by the names of their columns, or of some counters by theirs.
type Texts = BTreeMap<String, String>;

/// What a page shows at one moment.
#[derive(Debug, Deserialize)]
pub struct Shown {
    /// The document that it shows.
    pub document: Value,
    /// Large figures, states and notes, by the ids of their elements.
    pub figures: Texts,
    /// The hit rates of longer times, each with what it is of.
    pub lines: Vec<[String; 2]>,
    /// The row of each function.
    pub rows: BTreeMap<String, Texts>,
    /// The row of all functions, where there are several.
    pub total: Texts,
    /// What is said of functions that only write; empty for all others.
    pub writes: Texts,
    /// All counters of those functions whose row is open.
    pub counters: BTreeMap<String, Texts>,
    /// What is read out of each chart at the end of its lines.
    pub charts: Vec<String>,
    /// Where the line of the hit rate ends, between 0 and 1; none where there is no line.
    pub rate: Option<f64>,
    /// The sentences at the top.
    pub troubles: Vec<String>,
    /// The title of the window.
    pub title: String,
}

/// Everything that a page shows, read in one go.
const LOOK: &str = r##"(() => {
    const all = (at, within = document) => [...within.querySelectorAll(at)];
    const cells = (tr) => Object.fromEntries(all("td[data-key]", tr).map((td) => [td.dataset.key, td.textContent]));
    const rows = all("tbody tr[data-name]");
    const counters = (tr) => all("dl.all div", tr).map((div) => [div.children[0].textContent, div.children[1].textContent]);
    const line = (at) => {
        const end = document.querySelector(`${at} path.line`)?.getAttribute("d").match(/([\d.]+)(?:h\.01)?$/);
        const [none, , full] = all(`${at} .grid`).map((grid) => grid.getAttribute("y1"));
        return end ? (none - end[1]) / (none - full) : null;
    };
    const open = rows.filter((tr) => tr.nextElementSibling?.matches("tr.more"));
    const ids = all("output[id], dd[id], p.note[id], #foot, #load-p50, #store-p50, #h-functions").map((e) => e.id);
    return {
        document: cacheDashboard.document,
        figures: Object.fromEntries(ids.map((id) => [id, document.getElementById(id).textContent])),
        lines: all("#rate-lines div").map((div) => [div.children[0].textContent, div.children[1].textContent]),
        rows: Object.fromEntries(rows.map((tr) => [tr.dataset.name, cells(tr)])),
        total: all("tfoot tr").map(cells)[0] ?? {},
        writes: Object.fromEntries(rows.map((tr) => [tr.dataset.name, tr.querySelector(".writes").textContent])),
        counters: Object.fromEntries(open.map((tr) => [tr.dataset.name, Object.fromEntries(counters(tr.nextElementSibling))])),
        charts: all("[role=slider]").map((chart) => chart.getAttribute("aria-valuetext")),
        rate: line("#chart-rate"),
        troubles: all("#band:not([hidden]) p").map((p) => p.textContent),
        title: document.title,
    };
})()"##;

impl Shown {
    /// What `page` shows now.
    ///
    /// # Panics
    ///
    /// Where it is no dashboard.
    pub async fn on(page: &mut Page) -> Shown {
        page.evaluate(LOOK).await
    }

    /// Every number on the page is what the document says.
    ///
    /// # Panics
    ///
    /// Where one is not.
    pub fn assert_true(&self) {
        self.assert_rows();
        self.assert_figures();
        self.assert_store();
        self.assert_charts();
    }
}

/// Waits until the page, its charts too, shows a document that `condition`, an expression over `doc`, is true of.
///
/// # Panics
///
/// Where it never does.
pub async fn shows(page: &mut Page, condition: &str) {
    let shown = "cacheDashboard.document && cacheDashboard.state === 'live' \
                 && document.querySelectorAll('.chart [aria-valuetext]').length === 3";
    page.until(&format!("{shown} && ((doc) => {condition})(cacheDashboard.document)")).await;
}

/// What stands in an element.
///
/// # Panics
///
/// Where there is none.
pub async fn text(page: &mut Page, id: &str) -> String {
    page.evaluate(&format!("document.getElementById('{id}').textContent")).await
}

/// What the browser has to say against the page at `/cache` of `home`, which is `http://address:port`: nothing, and it
/// has asked nobody else for anything.
///
/// # Panics
///
/// Where there is something.
pub fn assert_clean(page: &Page, home: &str) {
    assert_eq!(page.complaints(), Vec::<String>::new());
    let strange = |url: &&String| {
        !url.starts_with(&format!("{home}/")) && !url.starts_with("data:") && *url != "about:blank"
    };
    assert_eq!(page.requests().iter().filter(strange).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(page.requests().contains(&format!("{home}/cache/json")), "it has read the document");
}
