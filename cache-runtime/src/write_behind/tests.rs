//! The warning about a store that may lose accepted writes: when it is logged, and how often.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{Cache, Policy};

/// Collects the warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Message(&self.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Message<'a>(&'a Mutex<Vec<String>>);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

/// The warnings that are logged when a queue of `cache` is used twice.
async fn warnings(cache: &Cache) -> Vec<String> {
    // If two threads first reach an event at the same time, `tracing` can conclude that nobody listens to it, for good.
    uses(&Cache::in_memory(), 1).await;
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    uses(cache, 2).await;
    warnings.0.lock().unwrap().clone()
}

/// Uses a queue of `cache`, as often as `times` says.
async fn uses(cache: &Cache, times: usize) {
    for _ in 0..times {
        let queue = cache.write_behind::<u8>("numbers", &Policy::ttl(60));
        queue.write("number", &1).await.expect("there is room");
        let flusher = queue.flusher(|_: Vec<u8>| async { Ok::<_, String>(()) });
        flusher.shutdown().await;
        // The check is a task of its own, on this thread.
        while Arc::strong_count(&queue.queue.names) > 2 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_queue_in_memory_is_warned_about_once() {
    let warned = warnings(&Cache::in_memory()).await;
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains("in this process's memory"), "{warned:?}");
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_server_without_persistence_is_warned_about_once() {
    let server = cache_test_support::server::RedisServer::start();
    let cache = async || {
        let builder = Cache::builder().url(&server.url());
        builder.deadline(std::time::Duration::from_secs(10)).build().await.expect("a cache")
    };
    let warned = warnings(&cache().await).await;
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains("no persistence"), "{warned:?}");

    server.command(&["CONFIG", "SET", "appendonly", "yes"]);
    assert_eq!(warnings(&cache().await).await, [""; 0]);
}
