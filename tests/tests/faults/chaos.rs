//! Faults under load: processes that read and write contended rows over one Redis are killed, cut off and
//! left without a server, tasks on an embedded store are cancelled, and no read may be stale.
//!
//! A stale read is one that began after a write had been acknowledged, and returned an older version. That
//! the load can find one is shown by the same load on caching that is written by hand.

use std::{env, sync::Arc, time::Duration};

use cache_runtime::Cache;
use cache_tests::{
    by_hand::Shelf,
    chaos::{Service, Store, keys, tag},
    checker::{Checker, Counts},
    database::{Database, Server},
    dialogue::Dialogue,
    server::RedisServer,
};
use fastrand::Rng;
use tokio::{
    task::{JoinSet, yield_now},
    time::{sleep, timeout},
};

const ROWS: usize = 20;
const WORKERS: usize = 4;

/// On the embedded store.
const TASKS: u32 = 16;

/// How long anything that must happen may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// SIGKILL to a process, which is replaced.
    Kill,
    /// All connections to the server are closed.
    Cut,
    /// The server answers nobody for longer than an operation may take.
    Hang,
    /// SIGKILL to the server, which is started again on the same port, empty.
    Restart,
    /// The same, but it comes back with what it held a while ago.
    FallBack,
}

const FAULTS: [Fault; 5] = [Kill, Cut, Hang, Restart, FallBack];

use Fault::{Cut, FallBack, Hang, Kill, Restart};

/// Faults that end: a server that is there answers, and one that is not refuses. Every write counts.
const DEATHS: [Fault; 7] = [Cut, Kill, Restart, FallBack, Cut, Restart, FallBack];

/// Among them, servers that keep a write waiting until it goes ahead: only a write that reached the store
/// counts.
const SILENCES: [Fault; 3] = [Hang, Cut, Kill];

/// Longer than the workers wait for an operation.
const HANG: Duration = Duration::from_millis(1200);

/// Processes under load, with the server and the rows that they share.
struct Field {
    // Dropped first, before what they work on.
    workers: Vec<Dialogue>,
    checker: Arc<Checker>,
    rows: Server,
    server: RedisServer,
    struck: Vec<Fault>,
    rng: Rng,
    mode: &'static str,
    /// What follows the server's URL.
    query: &'static str,
}

impl Field {
    async fn new(mode: &'static str) -> Field {
        Field::with_query(mode, "").await
    }

    async fn with_query(mode: &'static str, query: &'static str) -> Field {
        let mut rng = Rng::with_seed(seed());
        let checker = Arc::new(Checker::new(ROWS, rng.u64(..)));
        let rows = Server::start(&checker).await.expect("loopback has a free port");
        let server = RedisServer::start();
        let mut field = Field {
            workers: Vec::new(),
            checker,
            rows,
            server,
            struck: Vec::new(),
            rng,
            mode,
            query,
        };
        for _ in 0..WORKERS {
            let worker = field.worker();
            field.workers.push(worker);
        }
        field
    }

    fn worker(&mut self) -> Dialogue {
        let url = format!("{}{}", self.server.url(), self.query);
        let rows = self.rows.address().to_string();
        let (count, seed) = (ROWS.to_string(), self.rng.u64(..).to_string());
        let args = [self.mode, &url, &rows, &count, &seed];
        Dialogue::with_process(env!("CARGO_BIN_EXE_chaos-worker"), &args)
            .expect("a worker can be started")
    }

    async fn strike(&mut self, fault: Fault) {
        self.struck.push(fault);
        match fault {
            Kill => {
                let victim = self.rng.usize(..WORKERS);
                let heir = self.worker();
                let victim = std::mem::replace(&mut self.workers[victim], heir);
                victim.kill().await.expect("a worker lives until it is killed");
            }
            Cut => {
                let cut = async {
                    // Soon after a restart there may be no connection yet.
                    while self.server.command(&["CLIENT", "KILL", "TYPE", "normal"]) == ":0\r\n" {
                        sleep(Duration::from_millis(10)).await;
                    }
                };
                timeout(PATIENCE, cut).await.expect("the workers connect again");
            }
            Hang => {
                self.server.pause();
                sleep(HANG).await;
                self.server.resume();
            }
            Restart => {
                self.server.kill();
                sleep(Duration::from_millis(self.rng.u64(..400))).await;
                self.server.restart_empty();
            }
            FallBack => {
                assert_eq!(self.server.command(&["SAVE"]), "+OK\r\n");
                let writes = self.checker.counts().writes + 5;
                self.until(|counts| counts.writes >= writes).await;
                self.server.kill();
                sleep(Duration::from_millis(self.rng.u64(..400))).await;
                self.server.restart_as_saved();
            }
        }
    }

    /// Lets faults strike one after the other, each amid reads.
    async fn run(&mut self, round: &[Fault], rounds: usize) {
        for &fault in round.iter().cycle().take(round.len() * rounds) {
            sleep(Duration::from_millis(self.rng.u64(150..350))).await;
            self.reads(50).await;
            self.strike(fault).await;
        }
    }

    /// Waits for so many reads more.
    async fn reads(&self, more: u64) {
        let wanted = self.checker.counts().reads + more;
        self.until(|counts| counts.reads >= wanted).await;
    }

    /// Waits for so many reads more that the cache answers, as it does when connections are back.
    async fn hits(&self, more: u64) {
        let wanted = self.checker.counts().hits + more;
        self.until(|counts| counts.hits >= wanted).await;
    }

    async fn until(&self, wanted: impl Fn(&Counts) -> bool) {
        let seen = timeout(PATIENCE, self.checker.until(|counts| wanted(counts))).await;
        assert!(seen.is_ok(), "the load has come to a standstill");
    }

    fn report(&self, when: &str) {
        let [kills, cuts, hangs, restarts, falls] = FAULTS.map(|fault| self.struck(fault));
        let (counts, tally) = (self.checker.counts(), self.checker.tallied());
        println!(
            "{when}: {kills} kills, {cuts} cuts, {hangs} hangs, {restarts} restarts, {falls} falls; {counts}; {tally}"
        );
        tell_functions(&self.checker);
    }

    fn struck(&self, fault: Fault) -> usize {
        self.struck.iter().filter(|&&struck| struck == fault).count()
    }

    /// Ends the load, but not the processes.
    async fn quiesce(&mut self) {
        for worker in &mut self.workers {
            worker.say("quiesce").await;
        }
        for worker in &mut self.workers {
            worker.hear("quiet").await;
        }
    }
}

/// Prints what was seen of each function, which must be something.
fn tell_functions(checker: &Checker) {
    for (function, answers) in checker.by_function() {
        println!("  {function:?}: {answers}");
    }
}

/// Every strategy was read through, and every one of them hit.
fn every_strategy_was_tried(checker: &Checker) {
    let by_function = checker.by_function();
    assert_eq!(by_function.len(), 6, "a strategy was not read through");
    for (function, answers) in by_function {
        assert!(answers.hits > 200, "{function:?} hardly ever hit: {answers}");
    }
}

/// The seed of a run: a new one for each, unless one is given.
fn seed() -> u64 {
    let given = env::var("CHAOS_SEED").ok().map(|seed| seed.parse().expect("a seed is a number"));
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("CHAOS_SEED={seed}");
    seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_while_processes_connections_and_servers_die() {
    let mut field = Field::new("cached").await;

    field.run(&DEATHS, 8).await;
    field.report("servers, processes and connections die");
    field.checker.assert_nothing_stale();

    field.checker.count_only_writes_that_reached_the_store();
    field.run(&SILENCES, 4).await;
    field.strike(Restart).await;
    field.hits(500).await;
    field.quiesce().await;
    field.report("in all");
    field.checker.assert_nothing_stale();
    everything_is_fresh_in_the_end(&field).await;

    every_strategy_was_tried(&field.checker);
    let (counts, tally) = (field.checker.counts(), field.checker.tallied());
    for fault in FAULTS {
        assert!(field.struck(fault) > 2, "{fault:?} hardly ever struck");
    }
    assert!(counts.reads > 5_000, "there was little load");
    assert!(counts.hits > 1_000, "there was little caching");
    assert!(counts.writes > 300, "there were few writes");
    assert!(counts.unreached < counts.writes / 2, "most writes did not reach the store");
    assert!(tally.superseded > 10, "readers and writers hardly met");
    assert!(tally.store_errors > 0, "no fault was felt");
}

/// Once invalidations that were owed have been delivered, every row is fresh, whoever wrote it: the writers
/// that were killed died before the last restart, which emptied the server.
async fn everything_is_fresh_in_the_end(field: &Field) {
    let cache = Cache::builder().url(&field.server.url()).deadline(PATIENCE).build().await;
    let cache = cache.expect("the server's URL is right");
    for row in 0..ROWS {
        let current = field.checker.current(row);
        let tagged = (format!("tagged:{row}"), vec![tag(row)]);
        for (key, tags) in keys(row).map(|key| (key, Vec::new())).into_iter().chain([tagged]) {
            let old = async || {
                let cached = cache.tagged(&tags).get::<u64>(&*key).await;
                cached.expect("the server is there").is_some_and(|version| version < current)
            };
            let delivered = timeout(PATIENCE, async {
                while old().await {
                    sleep(Duration::from_millis(10)).await;
                }
            });
            let delivered = delivered.await.is_ok();
            let history = field.checker.history(row);
            assert!(delivered, "`{key}` stayed older than version {current}:\n{history}");
        }
    }
}

/// The control: the same load without a single fault, on caching as it is commonly written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_hand_the_same_load_finds_stale_reads() {
    let field = Field::new("by-hand").await;
    let found = timeout(PATIENCE, field.checker.until(|counts| counts.stale >= 10)).await;
    println!("by hand: {}", field.checker.counts());
    assert!(found.is_ok(), "the load is too light to find what it looks for");
}

/// The control of servers that come back with what they held: they do hold what a later write has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_comparison_of_incarnations_the_same_falls_find_stale_reads() {
    let mut field = Field::with_query("cached", "?incarnations=off").await;
    field.hits(200).await;
    for _ in 0..30 {
        field.strike(FallBack).await;
        field.hits(200).await;
        if field.checker.counts().stale > 0 {
            return field.report("incarnations are not compared");
        }
    }
    panic!("the load is too light to find what it looks for: {}", field.checker.counts());
}

/// Tasks on one embedded store, cancelled in the middle of what they do.
struct Tasks {
    checker: Arc<Checker>,
    store: Store,
    tasks: JoinSet<()>,
    rng: Rng,
    ended: u32,
}

impl Tasks {
    fn new(store: Store) -> Tasks {
        let mut rng = Rng::with_seed(seed());
        let checker = Arc::new(Checker::new(ROWS, rng.u64(..)));
        let mut tasks = Tasks { checker, store, tasks: JoinSet::new(), rng, ended: 0 };
        (0..TASKS).for_each(|who| tasks.spawn(who));
        tasks
    }

    fn spawn(&mut self, who: u32) {
        let database = Database::Here(Arc::clone(&self.checker), who);
        let service = Service::new(self.store.clone(), database, ROWS);
        let life = Duration::from_micros(self.rng.u64(1_000..200_000));
        // The work is dropped when its life is over, wherever that finds it.
        let work = timeout(life, work(service, self.rng.fork()));
        self.tasks.spawn(async { drop(work.await) });
    }

    /// Replaces tasks as they end, until the counts are as wanted.
    async fn until(&mut self, wanted: impl Fn(&Counts) -> bool) {
        let checker = Arc::clone(&self.checker);
        let over = timeout(PATIENCE, checker.until(|counts| wanted(counts)));
        tokio::pin!(over);
        loop {
            tokio::select! {
                over = &mut over => return over.expect("the load is enough in time"),
                Some(task) = self.tasks.join_next() => {
                    task.expect("no task panics");
                    self.ended += 1;
                    self.spawn(TASKS + self.ended);
                }
            }
        }
    }
}

/// Steps for ever, of which one in eight is cancelled, if it takes long enough.
async fn work(service: Service, mut rng: Rng) {
    loop {
        let cancelled = rng.u8(..8) == 0;
        let patience = if cancelled { rng.u64(..5_000) } else { u64::from(u32::MAX) };
        let step = timeout(Duration::from_micros(patience), service.step(&mut rng));
        if let Ok(done) = step.await {
            done.expect("rows in memory can be reached");
        }
        // Hits do not wait for anything, and would keep the others from their turn.
        yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_while_tasks_are_cancelled() {
    let cache = Cache::builder()
        // So that the fences of cancelled writers fall within the test.
        .fence_time(Duration::from_millis(50))
        .build()
        .await
        .expect("the default is the embedded store");
    let mut tasks = Tasks::new(Store::Cache(cache.clone()));
    tasks.until(|counts| counts.reads > 50_000 && counts.writes > 2_000).await;

    let (counts, total) = (tasks.checker.counts(), cache.stats().total());
    println!("embedded: {counts}; {} tasks ended; {} superseded", tasks.ended, total.superseded);
    tell_functions(&tasks.checker);
    tasks.checker.assert_nothing_stale();
    every_strategy_was_tried(&tasks.checker);
    assert!(counts.hits > 10_000, "there was little caching");
    assert!(total.superseded > 10, "readers and writers hardly met");
    assert!(tasks.ended > 50, "few tasks were cancelled");
}

/// The control, where no cancellation is needed, but does not hurt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_hand_the_same_tasks_find_stale_reads() {
    let mut tasks = Tasks::new(Store::ByHand(Shelf::memory()));
    tasks.until(|counts| counts.stale >= 10).await;
    println!("embedded, by hand: {}", tasks.checker.counts());
}

/// The control of writing through: the same load and cache, and writers that raise no fence. Whoever puts last
/// wins, and that need not be who has committed last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_fences_the_same_tasks_find_stale_reads() {
    let mut tasks = Tasks::new(Store::Unfenced(Cache::in_memory()));
    tasks.until(|counts| counts.stale >= 10).await;
    println!("embedded, without fences: {}", tasks.checker.counts());
    tell_functions(&tasks.checker);
}
