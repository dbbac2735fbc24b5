//! One page that shows what a cache does, and the JSON document that it reads. Any web framework can serve them.
//!
//! The page is one HTML file without any external asset: hit rate, queries saved, loads and latencies over the last
//! ten minutes, the state of the circuit breaker, a table of all functions, and at its top a sentence for each thing
//! that is wrong. It reads the document once a second for as long as somebody looks at it. It shows names of functions
//! and numbers, never a key or a value; who may see it is up to the server that it is mounted in.
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
//! Times of day are in milliseconds since 1970, durations in microseconds where a name ends in `_us`.
//!
//! | field | holds |
//! |---|---|
//! | `version`, `namespace`, `since`, `now` | the crate's version, the cache's namespace, when the dashboard was made, and the time of day |
//! | `total`, `functions`, `store` | what [`Cache::stats`] says at this moment; `total` is [`Stats::total`](crate::Stats::total) |
//! | `recent` | the last minute (`ms` long, less at first): `requests`, `answered` (of those, by the store), `loads`, `load_failures`, `operations` (on the store), `failures`, `rejected`, `dropped` (invalidations that were given up), `stale_detected`, `refused`, `queued`, `flushed`, `replaced`, `batch_failures`, `dead_letters`, `load_time`, `store_time` |
//! | `latest` | the same of the last ten seconds |
//! | `history` | the same counts for each step of about a second (`ms`), oldest first, at most 600; quantiles of `load` and `store` over the ten steps up to each, or null; `breaker` as 0 closed, 1 half open, 2 open |
//! | `history.before`, `first`, `until` | what was counted before the first step, its number, and when the last one ended. `before` and the sum of the steps are together what the counters said then |
//! | `history.functions` | `requests` and `answered` of each function, in places of `per` steps |
//!
//! Fields may be added in any release.

mod document;
mod history;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};

use self::{
    document::Document,
    history::{History, Reading},
};
use crate::{cache::Cache, time};

/// The time between two readings of the counters.
const STEP: Duration = Duration::from_secs(1);

/// The page, put together from the files beside this one.
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
    include_str!("dashboard/page/main.js"),
    "</script>\n",
);

/// Where the page says in which place the document is.
const JSON_AT: &str = r#"name="dashboard-json" content="json""#;

/// Watches a cache: reads its counters once a second, and keeps ten minutes of them.
///
/// Make one where the cache is made, and clone it to where it is served; clones share their history. See the
/// [module](self) for how to mount it.
///
/// A task does the reading, on the tokio runtime in which [`new`](Dashboard::new) or, if that was called outside of
/// one, the first [`json`](Dashboard::json) is called. It ends when the last clone is dropped. Without a runtime the
/// history advances by one step with each look.
#[derive(Clone)]
pub struct Dashboard {
    shared: Arc<Shared>,
}

struct Shared {
    cache: Cache,
    /// When this was made: a time of day, in milliseconds.
    since: u64,
    watch: Mutex<Watch>,
}

struct Watch {
    history: History,
    /// When the last step ended.
    read_at: Instant,
    /// The same as a time of day.
    until: u64,
    task: Option<JoinHandle<()>>,
}

impl Dashboard {
    /// Begins to watch `cache`, which lives for as long as its dashboard.
    pub fn new(cache: &Cache) -> Dashboard {
        let since = time::now_ms();
        let watch = Watch {
            history: History::new(Reading::of(&cache.stats())),
            read_at: Instant::now(),
            until: since,
            task: None,
        };
        let shared = Shared { cache: cache.clone(), since, watch: Mutex::new(watch) };
        let dashboard = Dashboard { shared: Arc::new(shared) };
        dashboard.start();
        dashboard
    }

    /// The page, to be answered as `text/html; charset=utf-8`.
    ///
    /// It reads the document from `json` below its own address: mounted at `/cache` (or `/cache/`), from
    /// `/cache/json`; behind a proxy that adds a prefix too. [`page_reading`](Dashboard::page_reading) is for other
    /// places.
    pub fn page() -> &'static str {
        PAGE
    }

    /// The page, with another address of the document: `?json` for the page's own with this query, `stats.json` for
    /// what is below the page's, `/internal/cache.json` for what is on the same server.
    ///
    /// ```
    /// use cache_runtime::dashboard::Dashboard;
    ///
    /// let page = Dashboard::page_reading("/internal/cache.json");
    /// assert!(page.contains("/internal/cache.json"));
    /// ```
    pub fn page_reading(json: &str) -> String {
        let escaped = json.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let place = format!(r#"name="dashboard-json" content="{escaped}""#);
        PAGE.replacen(JSON_AT, &place, 1)
    }

    /// A `Content-Security-Policy` that lets the page do what it does, and nothing else: its own script and style,
    /// by their hashes, and reading the document from the same server.
    ///
    /// A server that sends a policy with every answer sends this one with the page.
    pub const CONTENT_SECURITY_POLICY: &'static str = concat!(
        "default-src 'none'; connect-src 'self'; img-src data:; ",
        "script-src 'sha256-mTOaHPr03jCiLiVfiKWuSOOx04zbd12e1zMzCXcG0DU='; ",
        "style-src 'sha256-gnKwdYT1ynh+HpT6Fi9Fr+CjEd07yy136DblvpyPXDE='; ",
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    );

    /// The document, to be answered as `application/json`, and not to be cached.
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
        // No step unless the task is missing: it is never so late.
        self.shared.step(STEP + STEP / 2);
        let Shared { cache, since, .. } = &*self.shared;
        let stats = cache.stats();
        let namespace = cache.inner.namespace.as_deref();
        let document = {
            let watch = self.shared.watch();
            let times = [*since, watch.until, time::now_ms()];
            Document::new(namespace, times, &stats, &watch.history)
        };
        serde_json::to_string(&document).expect("numbers and strings can be written as JSON")
    }

    /// Starts the task, where there is a runtime and none runs: the one in which it ran may have ended.
    fn start(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut watch = self.shared.watch();
        if watch.task.as_ref().is_none_or(JoinHandle::is_finished) {
            watch.task = Some(runtime.spawn(read_along(Arc::downgrade(&self.shared))));
        }
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard").field("cache", &self.shared.cache).finish_non_exhaustive()
    }
}

impl Shared {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a step, where the last one is so long ago.
    fn step(&self, after: Duration) {
        let mut watch = self.watch();
        let took = watch.read_at.elapsed();
        if took >= after {
            watch.history.push(took, Reading::of(&self.cache.stats()));
            watch.read_at += took;
            watch.until = time::now_ms();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let watch = self.watch.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = watch.task.take() {
            task.abort();
        }
    }
}

/// Reads the counters once a second for as long as there is a dashboard.
async fn read_along(shared: Weak<Shared>) {
    let mut ticks = interval_at(Instant::now() + STEP, STEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        // A look from outside may just have ended a step.
        shared.step(STEP / 2);
    }
}
