//! Local copies while replicas take the place of their master: how far behind a hit can be.

use std::{sync::Arc, time::Duration};

use cache_runtime::Cache;
use cache_tests::{
    chaos::{Service, Tasks},
    checker::Checker,
    patience::{eventually, in_time},
    sentinel::{Fleet, MASTER, Puppet},
    server::RedisServer,
    stores::built,
};
use fastrand::Rng;

const ROWS: usize = 12;
const CACHES: usize = 3;
const TASKS: u32 = 4;

/// How long a copy is served without an answer of its server, by default; and how long ago somebody must have said that the server
/// is the master.
const LEASE: Duration = Duration::from_millis(200);
const CONFIRMED: Duration = Duration::from_secs(2);

/// Several caches over one fleet, as in several processes, and rows that are read through them, most of the time from copies.
struct Field<F> {
    fleet: F,
    checker: Arc<Checker>,
    caches: Vec<Cache>,
    tasks: Tasks,
}

impl<F> Field<F> {
    async fn over(fleet: F, url: &str) -> Field<F> {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let mut rng = Rng::with_seed(seed);
        let checker = Arc::new(Checker::new(ROWS, rng.u64(..)));
        // What a server that hangs is told may be lost.
        checker.count_only_writes_that_reached_the_store();
        let mut caches = Vec::new();
        for _ in 0..CACHES {
            let cache = Cache::builder().url(url).deadline(Duration::from_secs(1));
            caches.push(built(cache).await);
        }
        let rarely = |service: Service| service.writing_every(32);
        let tasks = Tasks::start(&caches, TASKS, &checker, &mut rng, rarely);
        let field = Field { fleet, checker, caches, tasks };
        field.copies_are_hit().await;
        field
    }

    fn local_hits(&self) -> u64 {
        self.caches.iter().map(|cache| cache.stats().total().local_hits).sum()
    }

    /// Waits until copies are hit, and rows are written.
    async fn copies_are_hit(&self) {
        let (hits, writes) = (self.local_hits() + 500, self.checker.counts().writes + 20);
        in_time("writes", self.checker.until(|counts| counts.writes >= writes)).await;
        eventually("copies are hit", async || self.local_hits() >= hits).await;
    }

    async fn end(self, what: &str) {
        self.copies_are_hit().await;
        println!("{what}: {}; {} local hits", self.checker.counts(), self.local_hits());
        self.tasks.end().await;
        let most = self.checker.tell_behind();
        let bound = LEASE + CONFIRMED;
        assert!(most < bound, "a read was {most:?} behind:\n{}", self.checker.stale_reads());
    }
}

impl Field<Fleet> {
    async fn new() -> Field<Fleet> {
        let fleet = Fleet::start().await;
        let url = fleet.url();
        Field::over(fleet, &url).await
    }

    async fn promoted(&self) {
        eventually("a replica has been promoted", async || self.fleet.has_another_master()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_master_that_is_killed() {
    let mut field = Field::new().await;
    field.fleet.kill(0);
    field.promoted().await;
    field.end("killed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_master_that_hangs_and_comes_back_as_one() {
    let field = Field::new().await;
    field.fleet.server(0).pause();
    field.promoted().await;
    field.copies_are_hit().await;
    field.fleet.server(0).resume();
    eventually("it has been demoted", async || !field.fleet.is_master(0)).await;
    field.end("hung").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_masters_that_make_way_for_each_other() {
    let field = Field::new().await;
    // The other replica takes nobody's place.
    field.fleet.server(2).command(&["CONFIG", "SET", "replica-priority", "0"]);
    for to in [1, 0] {
        field.fleet.fail_over_to(to).await;
        field.copies_are_hit().await;
    }
    field.end("told to make way").await;
}

/// It goes on as if nothing had happened, answers, and says of itself that it is the master.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_master_that_does_not_know_of_its_successor() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let sentinel = Puppet::that_names(&old).await;
    let url = format!("redis+sentinel://127.0.0.1:{}/{MASTER}/0", sentinel.port());
    let field = Field::over([old, new], &url).await;
    for to in [1, 0, 1] {
        sentinel.name(&field.fleet[to]);
        field.copies_are_hit().await;
    }
    field.end("left beside its successor").await;
}
