//! Replicas that take the places of their masters under load: of one that is killed, one that hangs, and one that is told
//! to make way. What callers see, and when hits resume.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, Policy};
use cache_tests::{
    load::{Load, ROWS},
    patience::eventually,
    replicas::ReplicatedCluster,
    stores::{HASTE, hasty_cache},
    strategies::Rows,
};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::Instant,
};

/// The master that goes: the one that the URL names.
const GONE: usize = 0;

/// A cluster under load.
struct Field {
    cluster: ReplicatedCluster,
    cache: Cache,
    load: Load,
    callers: JoinSet<()>,
    /// The rows on the master that goes.
    lost: Vec<u64>,
}

impl Field {
    async fn new(deadline: Duration) -> Field {
        let cluster = ReplicatedCluster::start();
        let cache = Cache::builder().url(&cluster.url()).deadline(deadline).build().await;
        let cache = cache.expect("the URL is well-formed");
        let (load, callers) = Load::start(&cache);
        let lost = (0..ROWS).filter(|&id| cluster.serves(GONE, &Load::key(id))).collect();
        load.hits_resume_under_writes().await;
        assert_eq!(load.stale(), (0, 0), "before the outage");
        Field { cluster, cache, load, callers, lost }
    }

    /// Waits until everything that was acknowledged is known to the replica, and nothing is on its way.
    async fn be_in_step(&self) {
        self.load.stop_writing().await;
        eventually("the replica is in step", async || self.cluster.is_in_step(GONE)).await;
        self.load.hits_resume().await;
        self.cluster.let_take_over(GONE);
    }

    async fn promoted(&self) {
        eventually("the replica has been promoted", async || self.cluster.is_promoted(GONE)).await;
    }

    /// The master has made way, as it was told. The servers call that off where it takes more than five seconds, as on a busy
    /// machine it may.
    async fn made_way(&self) {
        let mut told: Option<Instant> = None;
        eventually("the replica has been promoted", async || {
            let promoted = self.cluster.is_promoted(GONE);
            if !promoted && told.is_none_or(|told| told.elapsed() > Duration::from_secs(6)) {
                self.cluster.fail_over(GONE);
                told = Some(Instant::now());
            }
            promoted
        })
        .await;
    }

    async fn has_come_back(&self) {
        let follows = async || self.cluster.has_come_back(GONE);
        eventually("the old master follows the new one", follows).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_when_its_replica_is_in_step_costs_no_stale_read() {
    // So long that no operation on another master misses it.
    let mut field = Field::new(Duration::from_secs(5)).await;
    let others = Quiet::start(&field.cluster, &field.cache).await;
    field.be_in_step().await;
    let gone = Instant::now();
    field.cluster.master_mut(GONE).kill();
    field.promoted().await;
    field.load.hits_of(&field.lost).await;
    let recovery = gone.elapsed();
    field.load.let_write();
    field.load.hits_resume_under_writes().await;
    field.load.report("killed, in step", recovery);

    // It comes back as a replica, and is not asked as what it was.
    field.cluster.master_mut(GONE).restart();
    field.has_come_back().await;
    field.load.hits_resume_under_writes().await;
    let old = &field.cluster.masters().nodes()[GONE];
    let (calls, errors) = (old.calls(), old.errors());
    field.load.end(field.callers).await;
    assert_eq!(field.load.stale(), (0, 0));
    assert_eq!(
        others.loads_after_some_reads().await,
        0,
        "the rows on other masters went on hitting"
    );
    for command in ["get", "mget", "evalsha", "eval"] {
        assert_eq!(calls.get(command), None, "{calls:?}");
    }
    assert_eq!(errors.get("MOVED"), None, "{errors:?}");
}

/// Replication is asynchronous: an invalidation that the master acknowledged may die with it. The value that it has ended is
/// of another incarnation than the new master's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_between_writes_costs_no_stale_read() {
    let mut field = Field::new(HASTE).await;
    field.cluster.let_take_over(GONE);
    let gone = Instant::now();
    field.cluster.master_mut(GONE).kill();
    field.promoted().await;
    field.load.hits_resume_under_writes().await;
    field.load.report("killed between writes", gone.elapsed());
    field.load.stop_writing().await;
    field.load.last_versions_are_served().await;
    field.load.end(field.callers).await;
    assert_eq!(field.load.stale(), (0, 0));
}

/// The node that is the master again holds its entries from before, and none of them is believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_makes_way_and_comes_back_costs_no_stale_read() {
    let field = Field::new(HASTE).await;
    let began = Instant::now();
    field.made_way().await;
    field.has_come_back().await;
    field.load.hits_resume_under_writes().await;
    let mut told: Option<Instant> = None;
    eventually("it is the master again", async || {
        let leads = !field.cluster.is_promoted(GONE);
        if !leads && told.is_none_or(|told| told.elapsed() > Duration::from_secs(6)) {
            field.cluster.take_back(GONE);
            told = Some(Instant::now());
        }
        leads
    })
    .await;
    field.load.hits_resume_under_writes().await;
    field.load.report("made way and came back", began.elapsed());
    field.load.stop_writing().await;
    field.load.last_versions_are_served().await;
    field.load.end(field.callers).await;
    assert_eq!(field.load.stale(), (0, 0));
}

/// It has not acknowledged what is written meanwhile. When it goes on, it takes that for a moment, and is a replica then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_hangs_until_its_replica_is_promoted_costs_no_stale_read() {
    let field = Field::new(HASTE).await;
    field.be_in_step().await;
    let hung = &field.cluster.masters().nodes()[GONE];
    let gone = Instant::now();
    hung.server().pause();
    field.load.let_write();
    field.promoted().await;
    field.load.hits_resume_under_writes().await;
    let recovery = gone.elapsed();
    hung.server().resume();
    field.has_come_back().await;
    field.load.hits_resume_under_writes().await;
    field.load.stop_writing().await;
    field.load.last_versions_are_served().await;
    field.load.hits_resume().await;
    field.load.report("hung, in step", recovery);
    field.load.end(field.callers).await;
    assert_eq!(field.load.stale(), (0, 0));
}

/// It is not told that another one has its place, and goes on before this process knows: it confirms what was sent to it
/// while it hung.
#[tokio::test]
async fn what_a_master_takes_that_has_been_replaced_is_told_to_the_next_one() {
    let cluster = ReplicatedCluster::start();
    let cache = hasty_cache(&cluster.url()).await;
    let rows = Rows::new(&cache);
    let lost = |id: &u64| cluster.serves(GONE, &format!("row:{id}"));
    let lost: Vec<u64> = (0..100).filter(lost).take(5).collect();
    for &id in &lost {
        rows.write(id, 1).await;
        assert_eq!((rows.read(id).await, rows.read(id).await), (1, 1));
    }
    eventually("the replica is in step", async || cluster.is_in_step(GONE)).await;
    let hung = &cluster.masters().nodes()[GONE];
    hung.server().pause();
    for &id in &lost {
        rows.write(id, 2).await;
    }
    cluster.take_over(GONE);
    hung.server().resume();
    let paid = async || cache.stats().store.pending_invalidations == 0;
    eventually("everything has been told", paid).await;
    eventually("the old master follows the new one", async || cluster.has_come_back(GONE)).await;
    for &id in &lost {
        assert_eq!((rows.read(id).await, rows.read(id).await), (2, 2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_told_to_make_way_costs_nothing() {
    let field = Field::new(Duration::from_secs(5)).await;
    let errors = field.cache.stats().total().store_errors;
    let gone = Instant::now();
    field.made_way().await;
    field.has_come_back().await;
    field.load.hits_resume_under_writes().await;
    let recovery = gone.elapsed();
    field.load.stop_writing().await;
    field.load.hits_of(&field.lost).await;
    field.load.report("told to make way", recovery);
    field.load.end(field.callers).await;
    assert_eq!(field.load.stale(), (0, 0));
    assert_eq!(field.cache.stats().total().store_errors, errors, "{}", field.cache.stats());
}

/// Rows on the masters that stay, which are read all the time and which nobody writes.
struct Quiet {
    loads: Arc<AtomicU64>,
    reads: Arc<AtomicU64>,
    reader: JoinHandle<()>,
}

impl Quiet {
    async fn start(cluster: &ReplicatedCluster, cache: &Cache) -> Quiet {
        const POLICY: Policy = Policy::ttl(3600).name("quiet");
        let keys = (0..30).map(|id| format!("quiet:{id}"));
        let keys: Vec<String> = keys.filter(|key| !cluster.serves(GONE, key)).collect();
        let (loads, reads) = <(Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let read_all = {
            let (cache, loads, reads) = (cache.clone(), Arc::clone(&loads), Arc::clone(&reads));
            async move || {
                for key in &keys {
                    let load =
                        || async { Ok::<_, Infallible>(loads.fetch_add(1, Ordering::SeqCst)) };
                    let Ok(_) = cache.get_or_load(key.as_str(), &POLICY, load).await;
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            }
        };
        read_all().await;
        loads.store(0, Ordering::SeqCst);
        let reader = tokio::spawn(async move {
            loop {
                read_all().await;
            }
        });
        Quiet { loads, reads, reader }
    }

    /// How many reads have been no hits.
    async fn loads_after_some_reads(self) -> u64 {
        let reads = || self.reads.load(Ordering::SeqCst);
        let before = reads();
        eventually("they are read", async || reads() > before + 100).await;
        self.reader.abort();
        self.loads.load(Ordering::SeqCst)
    }
}
