//! The paths of the service.

mod operations;
mod users;

use axum::{Router, http::StatusCode, middleware};
use cache_runtime::{Cache, dashboard::Dashboard};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{error::Error, repository::Users, telemetry};

/// What handlers work with.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) users: Users,
    pub(crate) cache: Cache,
    pub(crate) dashboard: Dashboard,
    pub(crate) metrics: PrometheusHandle,
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .merge(users::routes())
        .merge(operations::routes())
        .fallback(async || Error::NotFound("there is nothing at this path".into()))
        .method_not_allowed_fallback(async || {
            let message = "this path does not go with this method".into();
            Error::Request(StatusCode::METHOD_NOT_ALLOWED, message)
        })
        .layer(middleware::from_fn(telemetry::measure))
        .with_state(app)
}
