//! A service of transactions, while its Redis is killed and hung: no read is older than an acknowledged write, and none
//! returns what was rolled back. Without the scope some are.
//!
//! `TRANSACTION_SECONDS=60` makes it run for that long.

use std::{
    env,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use cache_runtime::Cache;
use cache_tests::{
    patience::eventually,
    server::RedisServer,
    stores::{HASTE, built},
    unit_of_work::{Counts, Ending, Service},
};
use fastrand::Rng;
use tokio::task::JoinSet;

/// A folder that is removed with it.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Folder {
        let name = format!("cache-tests-units-{}-{:x}", std::process::id(), fastrand::u64(..));
        let folder = env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that is left behind does no harm.
        _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn cache(server: &RedisServer) -> Cache {
    let builder = Cache::builder().url(&server.url()).deadline(HASTE);
    built(builder.transaction_fence_time(Duration::from_secs(1))).await
}

/// Workers and readers in two processes, as far as the cache can tell.
struct Load {
    tasks: JoinSet<()>,
    over: Arc<AtomicBool>,
}

impl Load {
    /// `ending` draws how each unit of work ends.
    fn start(ours: &Service, theirs: &Service, ending: fn(&mut Rng) -> Ending) -> Load {
        let mut load = Load { tasks: JoinSet::new(), over: Arc::default() };
        for seed in 0..4 {
            let (service, over) = (ours.clone(), load.over.clone());
            let mut rng = Rng::with_seed(seed);
            load.tasks.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let ending = ending(&mut rng);
                    service.work(&mut rng, ending).await;
                }
            });
        }
        for seed in 0..4 {
            let (service, knows_all) = if seed % 2 == 0 { (ours, true) } else { (theirs, false) };
            let (service, over) = (service.clone(), load.over.clone());
            let mut rng = Rng::with_seed(100 + seed);
            load.tasks.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    // A database that is busy has nothing to do with the cache.
                    _ = service.read(&mut rng, knows_all).await;
                    tokio::task::yield_now().await;
                }
            });
        }
        load
    }

    async fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
    }
}

fn units(counts: &Counts, how: &str) -> u64 {
    counts.units.iter().filter(|(ended, _)| ended.starts_with(how)).map(|(_, units)| units).sum()
}

fn is_enough(counts: &Counts) -> bool {
    let ended = ["rolled back", "timed out", "dropped"].map(|how| units(counts, how));
    units(counts, "committed") >= 200
        && counts.reads >= 2_000
        && ended.into_iter().all(|units| units >= 3)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_in_a_scope_leave_nothing_stale() {
    let seconds = env::var("TRANSACTION_SECONDS").ok().and_then(|text| text.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(0));
    let (folder, mut server) = (Folder::create(), RedisServer::start());
    let ours = Service::create(cache(&server).await, &folder.0, true).await;
    let theirs = ours.beside(cache(&server).await);
    let began = Instant::now();
    let load = Load::start(&ours, &theirs, Ending::draw);

    let mut faults = 0;
    while began.elapsed() < length || !is_enough(&ours.judge().counts()) || faults < 6 {
        let before = units(&ours.judge().counts(), "committed");
        eventually("units are committed", async || {
            units(&ours.judge().counts(), "committed") >= before + 20
        })
        .await;
        let failures = ours.failures();
        match faults % 2 {
            0 => server.pause(),
            _ => server.kill(),
        }
        eventually("the store is missed", async || ours.failures() > failures + 5).await;
        match faults % 2 {
            0 => server.resume(),
            _ => server.restart_empty(),
        }
        let hits = theirs.hits();
        eventually("the cache is used", async || theirs.hits() > hits + 20).await;
        faults += 1;
        assert!(
            faults < 100 || !length.is_zero(),
            "it never is enough: {:?}",
            ours.judge().counts()
        );
    }
    load.end().await;

    let counts = ours.judge().counts();
    println!("{counts:?}, {faults} faults, {} hits", ours.hits() + theirs.hits());
    assert_eq!((counts.stale, counts.ghosts, counts.blind), (0, 0, 0), "{counts:?}");
    assert!(counts.seen_within > 0 && ours.hits() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_without_a_scope_leaves_some() {
    let (folder, server) = (Folder::create(), RedisServer::start());
    let ours = Service::create(cache(&server).await, &folder.0, false).await;
    let theirs = ours.beside(cache(&server).await);
    let load = Load::start(&ours, &theirs, Ending::draw_known);
    eventually("a stale read, and one of what was rolled back", async || {
        let counts = ours.judge().counts();
        counts.stale > 0 && counts.ghosts > 0
    })
    .await;
    load.end().await;
    println!("{:?}", ours.judge().counts());
}
