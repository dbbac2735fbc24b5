//! The stores on which a test runs.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cache_runtime::{Builder, Cache};
use cache_test_support::{cluster::RedisCluster, server::RedisServer};

/// Tests that are not about deadlines must not fail for one on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A cache whose store has time to answer.
///
/// # Panics
///
/// Where `url` is malformed.
pub async fn patient_cache(url: &str) -> Cache {
    built(Cache::builder().url(url).deadline(DEADLINE)).await
}

/// What an operation may take where its server is going to be silent, and the test waits for that.
pub const HASTE: Duration = Duration::from_millis(200);

/// A cache that does not wait long for its store.
///
/// # Panics
///
/// Where `url` is malformed.
pub async fn hasty_cache(url: &str) -> Cache {
    built(Cache::builder().url(url).deadline(HASTE)).await
}

/// A cache with these settings.
///
/// # Panics
///
/// Where they are wrong.
pub async fn built(builder: Builder) -> Cache {
    builder.build().await.unwrap_or_else(|e| panic!("{e}"))
}

/// Runs `test` on the embedded store, then on a Redis of its own, then on a Redis Cluster that is empty.
pub async fn on_each_store(test: impl AsyncFn(Cache)) {
    let (server, cluster) = (RedisServer::start(), LentCluster::take());
    for url in ["memory://", &server.url(), &cluster.url()] {
        // Seen where the test fails.
        println!("over {url}");
        test(patient_cache(url).await).await;
    }
}

/// As [`on_each_store`], for what takes several keys in one step: on the cluster, a namespace keeps all of them in one
/// hash slot.
pub async fn on_each_store_in_one_slot(test: impl AsyncFn(Cache)) {
    let (server, cluster) = (RedisServer::start(), LentCluster::take());
    for url in ["memory://", &server.url()] {
        println!("over {url}");
        test(patient_cache(url).await).await;
    }
    println!("over {}", cluster.url());
    let cache = Cache::builder().url(&cluster.url()).namespace("{test}").deadline(DEADLINE);
    test(built(cache).await).await;
}

/// A cluster that one test has for itself, and leaves to the next one. Clusters take two seconds to start, so they
/// are kept for as long as any test of the process has one.
#[derive(Debug)]
pub struct LentCluster(Option<RedisCluster>);

#[derive(Debug)]
struct Clusters {
    idle: Vec<RedisCluster>,
    lent: usize,
}

static CLUSTERS: Mutex<Clusters> = Mutex::new(Clusters { idle: Vec::new(), lent: 0 });

impl LentCluster {
    /// A cluster with nothing in it.
    ///
    /// # Panics
    ///
    /// As [`RedisCluster::start`].
    pub fn take() -> LentCluster {
        let idle = {
            let mut clusters = clusters();
            clusters.lent += 1;
            clusters.idle.pop()
        };
        let cluster = idle.unwrap_or_else(RedisCluster::start);
        cluster.flush();
        LentCluster(Some(cluster))
    }

    fn url(&self) -> String {
        self.0.as_ref().map(RedisCluster::url).unwrap_or_default()
    }
}

impl Drop for LentCluster {
    fn drop(&mut self) {
        let mut clusters = clusters();
        clusters.lent -= 1;
        clusters.idle.extend(self.0.take());
        if clusters.lent == 0 {
            clusters.idle.clear();
        }
    }
}

fn clusters() -> MutexGuard<'static, Clusters> {
    CLUSTERS.lock().unwrap_or_else(PoisonError::into_inner)
}
