//! The stores on which a test runs.

use std::time::Duration;

use cache_runtime::Cache;

use crate::server::RedisServer;

/// Tests that are not about deadlines must not fail for one on a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// A cache whose store has time to answer.
///
/// # Panics
///
/// Where `url` is malformed.
pub async fn patient_cache(url: &str) -> Cache {
    let cache = Cache::builder().url(url).deadline(DEADLINE).build().await;
    cache.unwrap_or_else(|e| panic!("{url}: {e}"))
}

/// Runs `test` on the embedded store, then on a Redis of its own.
pub async fn on_each_store(test: impl AsyncFn(Cache)) {
    let server = RedisServer::start();
    for url in ["memory://", &server.url()] {
        // Seen where the test fails.
        println!("over {url}");
        test(patient_cache(url).await).await;
    }
}
