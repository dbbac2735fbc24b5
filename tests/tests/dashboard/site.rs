//! A server with a dashboard in it, mounted as the documentation says.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::Html,
    routing::{get, post},
};
use cache_runtime::dashboard::Dashboard;
use cache_tests::patience::eventually;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// The page at `/cache`, under its policy, and the document below it.
pub(crate) fn mounted(dashboard: &Dashboard) -> Router {
    let dashboard = dashboard.clone();
    with_document(move || Ok(dashboard.json()))
}

/// The page with a field for keys, and what answers it.
pub(crate) fn explaining(dashboard: &Dashboard) -> Router {
    let (document, explains) = (dashboard.clone(), dashboard.clone());
    let page = || async {
        let policy = [(CONTENT_SECURITY_POLICY, Dashboard::CONTENT_SECURITY_POLICY)];
        (policy, Html(Dashboard::page_explaining("json", "explain")))
    };
    let json = move || async move { ([(CONTENT_TYPE, "application/json")], document.json()) };
    let explain = move |question: String| async move {
        ([(CONTENT_TYPE, "application/json")], explains.explain(&question).await)
    };
    Router::new()
        .route("/cache", get(page))
        .route("/cache/json", get(json))
        .route("/cache/explain", post(explain))
}

/// The same with any document, or what stands in its way.
pub(crate) fn with_document(
    document: impl Fn() -> Result<String, StatusCode> + Clone + Send + Sync + 'static,
) -> Router {
    let page = || async {
        let policy = [(CONTENT_SECURITY_POLICY, Dashboard::CONTENT_SECURITY_POLICY)];
        (policy, Html(Dashboard::page()))
    };
    let json = move || async move {
        document().map(|document| ([(CONTENT_TYPE, "application/json")], document))
    };
    Router::new()
        .route("/cache", get(page))
        .route("/cache/", get(page))
        .route("/cache/json", get(json))
}

/// A running server; dropping it closes it, and every connection to it.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Site {
    pub(crate) async fn serve(app: Router) -> Site {
        Site::serve_at((Ipv4Addr::LOCALHOST, 0).into(), app).await
    }

    /// Serves at an address that another site has just left, perhaps.
    pub(crate) async fn serve_at(address: SocketAddr, app: Router) -> Site {
        let mut listener = None;
        eventually("the address is free", async || {
            listener = TcpListener::bind(address).await.ok();
            listener.is_some()
        })
        .await;
        let listener = listener.expect("it was bound just now");
        let address = listener.local_addr().expect("a bound socket has an address");
        let serve = async move { axum::serve(listener, app).await.expect("it never ends") };
        Site { address, task: tokio::spawn(serve) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A document that a test changes while a page looks at it.
#[derive(Clone)]
pub(crate) struct Script(Arc<Mutex<Result<Value, StatusCode>>>);

impl Script {
    pub(crate) fn new(document: Value) -> Script {
        Script(Arc::new(Mutex::new(Ok(document))))
    }

    pub(crate) fn set(&self, document: Result<Value, StatusCode>) {
        *self.0.lock().unwrap() = document;
    }

    pub(crate) fn app(&self) -> Router {
        let script = self.clone();
        with_document(move || script.0.lock().unwrap().clone().map(|document| document.to_string()))
    }
}
