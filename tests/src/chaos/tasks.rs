//! The load of the fault tests in one process: tasks over several caches, of which each stands for a process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cache_runtime::Cache;
use cache_test_support::patience::in_time;
use fastrand::Rng;
use tokio::task::{JoinSet, yield_now};

use super::{Service, Store};
use crate::{checker::Checker, database::Database};

/// Tasks that read and write rows until they are told to end.
#[derive(Debug)]
pub struct Tasks {
    over: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Tasks {
    /// So many tasks for each of `caches`, of which `service` is made. Their rows are those of `checker`.
    pub fn start(
        caches: &[Cache],
        tasks: u32,
        checker: &Arc<Checker>,
        rng: &mut Rng,
        service: impl Fn(Service) -> Service,
    ) -> Tasks {
        let mut started = Tasks { over: Arc::default(), tasks: JoinSet::new() };
        for (who, cache) in
            (0..).zip(caches.iter().flat_map(|cache| (0..tasks).map(move |_| cache)))
        {
            let database = Database::Here(Arc::clone(checker), who);
            let service =
                service(Service::new(Store::Cache(cache.clone()), database, checker.rows()));
            let (mut rng, over) = (rng.fork(), Arc::clone(&started.over));
            started.tasks.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    service.step(&mut rng).await.expect("no caller is told of an error");
                    yield_now().await;
                }
            });
        }
        started
    }

    /// Ends them.
    ///
    /// # Panics
    ///
    /// Where one of them was told of an error, or does not come to its end.
    pub async fn end(mut self) {
        self.over.store(true, Ordering::Relaxed);
        in_time("the tasks", async {
            while let Some(done) = self.tasks.join_next().await {
                done.expect("no task panics")
            }
        })
        .await;
    }
}
