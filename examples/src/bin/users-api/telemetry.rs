//! What the service tells about itself: a log on standard error, and metrics for Prometheus.

use std::{
    error::Error,
    io::IsTerminal,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// From half a millisecond, about what a hit takes, to far beyond what anybody waits for.
const SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

/// Installs both for the whole process.
pub(crate) fn install() -> Result<PrometheusHandle, Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Prefix("http".into()), &SECONDS)?
        .install_recorder()?;
    tokio::spawn(upkeep(metrics.clone()));
    Ok(metrics)
}

/// Samples are kept one by one until they are summed up. That must not wait for a scraper, which may never come.
async fn upkeep(metrics: PrometheusHandle) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    loop {
        every.tick().await;
        metrics.run_upkeep();
    }
}

/// Counts and times each request, under the pattern of its route: paths themselves are without end.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().to_string();
    let began = Instant::now();
    let response = next.run(request).await;
    let labels =
        [("method", method), ("route", route), ("status", response.status().as_u16().to_string())];
    metrics::counter!("http_server_requests_total", &labels).increment(1);
    metrics::histogram!("http_server_request_duration_seconds", &labels).record(began.elapsed());
    response
}
