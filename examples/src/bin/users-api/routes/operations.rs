//! For those who run the service: is it alive, is it ready, what does it do.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse},
    routing::get,
};
use cache_runtime::dashboard::Dashboard;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::App;

/// A database that takes longer would be of no use to a request.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/cache", get(cache_page))
        .route("/cache/json", get(cache_json))
}

/// The process lives. It asks for nothing else: to restart it because the database is away would help nobody.
async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Whether requests can be served. Without its cache the service is slower and still right, so that is told and
/// not held against it.
async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let database = matches!(timeout(PATIENCE, app.users.ping()).await, Ok(Ok(())));
    // A key that nobody writes; the answer alone counts.
    let cache = app.cache.get::<u64>("readiness").await.is_ok();
    let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": database,
        "database": if database { "ok" } else { "unreachable" },
        "cache": if cache { "ok" } else { "degraded" },
    });
    (status, Json(body))
}

/// The dashboard, with a policy that lets it run its own script and nothing else.
async fn cache_page() -> impl IntoResponse {
    let policy = [(header::CONTENT_SECURITY_POLICY, Dashboard::CONTENT_SECURITY_POLICY)];
    (policy, Html(Dashboard::page()))
}

/// What that page reads.
async fn cache_json(State(app): State<App>) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, app.dashboard.json())
}

/// In Prometheus' text format.
async fn metrics(State(app): State<App>) -> String {
    app.metrics.render()
}
