//! A web page with the statistics of a cache, and the JSON document that it reads. Any web framework can serve them.
//!
//! The page is one HTML file without any external asset. It shows the hit rate, saved queries, loads and latencies of the
//! last ten minutes, the state of the circuit breaker, a table of all functions, and at its top a sentence for each
//! problem. While it is visible, it reads the document once a second. It shows names of functions and numbers, never a
//! key or a value. The server that mounts it decides who may see it.
//!
//! With axum:
//!
//! ```text
//! let dashboard = Dashboard::new(&cache);
//! let app = Router::new()
//!     .route("/cache", get(|| async { Html(Dashboard::page()) }))
//!     .route("/cache/json", get(move || async move {
//!         ([(CONTENT_TYPE, "application/json")], dashboard.json())
//!     }));
//! ```
//!
//! # The document
//!
//! Times of day are in milliseconds since 1970. Durations whose name ends in `_us` are in microseconds.
//!
//! | field | holds |
//! |---|---|
//! | `version`, `namespace`, `since`, `now` | the crate's version, the cache's namespace, the time when the dashboard was made, and the current time |
//! | `total`, `functions`, `store`, `outboxes` | the current [`Cache::stats`]; `total` is [`Stats::total`](crate::Stats::total) |
//! | `recent` | the last minute (`ms` long, shorter at first): `requests`, `answered` (requests that the store answered), `loads`, `load_failures`, `operations` (on the store), `failures`, `rejected`, `dropped` (invalidations), `stale_detected`, `refused`, `queued`, `flushed`, `replaced`, `batch_failures`, `dead_letters`, `outbox_failures` (of followers), `load_time`, `store_time` |
//! | `latest` | the same for the last ten seconds |
//! | `history` | the same counts for each sample of about a second (`ms`), the oldest first, at most 600; for each sample, quantiles of `load` and `store` over the last ten samples, or null; `breaker` as 0 closed, 1 half open, 2 open |
//! | `history.before`, `first`, `until` | the counts before the first sample, the number of that sample, and the time when the last one ended. `before` plus the sum of all samples is the value of the counters at that time |
//! | `history.functions` | `requests` and `answered` of each function, summed over `per` samples |
//!
//! Fields may be added in any release.
//!
//! # A field for keys
//!
//! [`Dashboard::page_explaining`] is the page with a field that asks what stands under a key. Mount it instead, and what answers
//! it, where whoever sees the page may ask that:
//!
//! ```text
//! .route("/cache", get(|| async { Html(Dashboard::page_explaining("json", "explain")) }))
//! .route("/cache/explain", post(move |question: String| async move {
//!     ([(CONTENT_TYPE, "application/json")], dashboard.explain(&question).await)
//! }))
//! ```

mod document;
mod history;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use serde_json::json;
use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};

use self::{
    document::Document,
    history::{History, Reading},
};
use crate::{cache::Cache, time::Clock};

/// The time between two samples.
const INTERVAL: Duration = Duration::from_secs(1);

/// The page, assembled from the files in `dashboard/page`.
const PAGE: &str = concat!(
    include_str!("dashboard/page/head.html"),
    "<style>",
    include_str!("dashboard/page/style.css"),
    "</style>",
    include_str!("dashboard/page/body.html"),
    "<script type=\"module\">",
    include_str!("dashboard/page/format.js"),
    include_str!("dashboard/page/chart.js"),
    include_str!("dashboard/page/panels.js"),
    include_str!("dashboard/page/table.js"),
    include_str!("dashboard/page/trouble.js"),
    include_str!("dashboard/page/explain.js"),
    include_str!("dashboard/page/main.js"),
    "</script>\n",
);

/// The attribute of the page that has the address of the document.
const JSON_AT: &str = r#"name="dashboard-json" content="json""#;

/// The attribute of the page that has the address of explanations, if there is one.
const EXPLAIN_AT: &str = r#"name="dashboard-explain" content="""#;

/// Samples the counters of a cache once a second, and keeps ten minutes of them.
///
/// Make one where the cache is made, and clone it to where it is served; clones share their history. See the
/// [module](self) for how to mount it.
///
/// A task takes the samples. It runs on the tokio runtime in which [`new`](Dashboard::new) is called or, if there is none,
/// in which [`json`](Dashboard::json) is first called. It ends when the last clone is dropped. Without a runtime, each
/// call of `json` takes one sample.
#[derive(Clone)]
pub struct Dashboard {
    state: Arc<State>,
}

struct State {
    cache: Cache,
    /// The time of day when this was made, in milliseconds.
    since: u64,
    sampler: Mutex<Sampler>,
}

struct Sampler {
    history: History,
    /// When the last sample ended.
    sampled_at: Instant,
    /// The same, as a time of day.
    until: u64,
    task: Option<JoinHandle<()>>,
}

impl Dashboard {
    /// Starts to sample `cache`. The dashboard keeps the cache alive.
    pub fn new(cache: &Cache) -> Dashboard {
        let since = clock(cache).now_ms();
        let sampler = Sampler {
            history: History::new(Reading::of(&cache.stats())),
            sampled_at: Instant::now(),
            until: since,
            task: None,
        };
        let state = State { cache: cache.clone(), since, sampler: Mutex::new(sampler) };
        let dashboard = Dashboard { state: Arc::new(state) };
        dashboard.start();
        dashboard
    }

    /// The page. Serve it as `text/html; charset=utf-8`.
    ///
    /// It reads the document from `json` below its own address: a page at `/cache` (or `/cache/`) reads `/cache/json`,
    /// also behind a proxy that adds a prefix. For other addresses, use [`page_reading`](Dashboard::page_reading).
    pub fn page() -> &'static str {
        PAGE
    }

    /// The page, with another address of the document: `?json` is the page's own address with this query, `stats.json` is
    /// below the page's address, and `/internal/cache.json` is on the same server.
    ///
    /// ```
    /// use cache_runtime::dashboard::Dashboard;
    ///
    /// let page = Dashboard::page_reading("/internal/cache.json");
    /// assert!(page.contains("/internal/cache.json"));
    /// ```
    pub fn page_reading(json: &str) -> String {
        let place = format!(r#"name="dashboard-json" content="{}""#, escaped(json));
        PAGE.replacen(JSON_AT, &place, 1)
    }

    /// The page with a field that asks what stands under a key, as [`Cache::explain`] does. It reads the document from `json`, and
    /// posts its questions to `explain`, an address that is relative to that of the document.
    ///
    /// Whoever may see this page may ask for any key of the cache's namespace, and learn whether there is an entry, and of what
    /// size and age, but no value. So mount it, and [`explain`](Dashboard::explain), where that is permitted: the other page has no
    /// such field.
    ///
    /// ```
    /// use cache_runtime::dashboard::Dashboard;
    ///
    /// // GET /cache → this page; GET /cache/json → the document; POST /cache/explain → the answer
    /// let page = Dashboard::page_explaining("json", "explain");
    /// assert!(page.contains(r#"content="explain""#));
    /// ```
    pub fn page_explaining(json: &str, explain: &str) -> String {
        let place = format!(r#"name="dashboard-explain" content="{}""#, escaped(explain));
        Dashboard::page_reading(json).replacen(EXPLAIN_AT, &place, 1)
    }

    /// What stands under a key, as the page asks for it: `question` is the body of its `POST`, with the key in the first line and
    /// a tag of the key's readers in each other one. The key has a version at its end, if its readers have one (`user:42:v2`).
    ///
    /// Serve it as `application/json`, without caching. It is an object with the `text` of an [`Explanation`](crate::Explanation)
    /// and its `key`, or with an `error` where the store does not answer. It never contains a value.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, dashboard::Dashboard};
    ///
    /// let dashboard = Dashboard::new(&Cache::in_memory());
    /// let answer = dashboard.explain("user:42\ntenant:7").await;
    /// assert!(answer.contains("user:42: nothing"));
    /// # }
    /// ```
    pub async fn explain(&self, question: &str) -> String {
        let mut lines = question.lines().map(str::trim).filter(|line| !line.is_empty());
        let Some(key) = lines.next() else {
            return json!({ "error": "the first line has to be a key" }).to_string();
        };
        let answer = match self.state.cache.tagged(lines).explain(key).await {
            Ok(told) => json!({ "key": told.key(), "text": told.to_string() }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        answer.to_string()
    }

    /// A `Content-Security-Policy` that allows the page only what it needs: its own script and style,
    /// by their hashes, and reading the document from the same server.
    ///
    /// If your server sends a policy with each response, send this one with the page.
    pub const CONTENT_SECURITY_POLICY: &'static str = concat!(
        "default-src 'none'; connect-src 'self'; img-src data:; ",
        "script-src 'sha256-maiLzOtAKFgle0P3D0divvan7wf3fnoIh3HZ/AJQUZU='; ",
        "style-src 'sha256-IMy5qyytqczURg/4XNX94fO5Ogxj4e2eGqNwM2IFK+8='; ",
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    );

    /// The document. Serve it as `application/json`, without caching.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, dashboard::Dashboard};
    ///
    /// let dashboard = Dashboard::new(&Cache::in_memory());
    /// let document: serde_json::Value = serde_json::from_str(&dashboard.json()).unwrap();
    /// assert_eq!(document["store"]["kind"], "memory");
    /// # }
    /// ```
    pub fn json(&self) -> String {
        self.start();
        // Takes a sample only where the task does not run, since the task is never this late.
        self.state.sample(INTERVAL + INTERVAL / 2);
        let State { cache, since, .. } = &*self.state;
        let stats = cache.stats();
        let namespace = cache.inner.namespace.as_deref();
        let document = {
            let sampler = self.state.sampler();
            let times = [*since, sampler.until, clock(cache).now_ms()];
            Document::new(namespace, times, &stats, &sampler.history)
        };
        serde_json::to_string(&document).expect("numbers and strings are valid JSON")
    }

    /// Starts the task if there is a runtime and the task does not run. The runtime of an earlier task may have ended.
    fn start(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut sampler = self.state.sampler();
        if sampler.task.as_ref().is_none_or(JoinHandle::is_finished) {
            sampler.task = Some(runtime.spawn(take_samples(Arc::downgrade(&self.state))));
        }
    }
}

/// A text as it stands in an attribute's quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard").field("cache", &self.state.cache).finish_non_exhaustive()
    }
}

impl State {
    fn sampler(&self) -> MutexGuard<'_, Sampler> {
        self.sampler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a sample, if the last one ended at least `after` ago.
    fn sample(&self, after: Duration) {
        let mut sampler = self.sampler();
        let took = sampler.sampled_at.elapsed();
        if took >= after {
            sampler.history.push(took, Reading::of(&self.cache.stats()));
            sampler.sampled_at += took;
            sampler.until = clock(&self.cache).now_ms();
        }
    }
}

/// The clock that tests of the program can pause, where they can pause what the cache judges by it.
fn clock(cache: &Cache) -> Clock {
    cache.inner.guard.as_ref().map_or(Clock::System, |guard| guard.clock())
}

impl Drop for State {
    fn drop(&mut self) {
        let sampler = self.sampler.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = sampler.task.take() {
            task.abort();
        }
    }
}

/// Takes a sample once a second, as long as the dashboard exists.
async fn take_samples(state: Weak<State>) {
    let mut ticks = interval_at(Instant::now() + INTERVAL, INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(state) = state.upgrade() else { return };
        // A call of `json` may just have taken a sample.
        state.sample(INTERVAL / 2);
    }
}
