//! Two processes write and two flush, while all of them and the server are killed: every accepted write's row
//! ends as it was written last, and nothing goes back in between.
//!
//! `WRITE_BEHIND_WRITES=100000 cargo test -p cache-tests --test write_behind load -- --nocapture` for a long run.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use cache_runtime::{Cache, WriteBehind};
use cache_tests::{
    patience::{eventually, in_time},
    server::RedisServer,
    sqlite::{Rows, Written},
    stores::patient_cache,
    table::Row,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{cached, queue};

/// Where the environment does not say.
const WRITES: u64 = 16_000;

/// Writers' processes, each with rows of its own.
const WRITERS: u64 = 2;

/// What the writers have been told.
#[derive(Debug, Default)]
struct Ledger {
    accepted: u64,
    /// The last version of each row that was accepted.
    last: BTreeMap<u64, u64>,
    stale: Vec<String>,
    quiet: u64,
    /// The process of the flusher that works.
    leader: Option<u32>,
}

/// A process that writes or flushes.
struct Worker {
    process: Child,
    reader: JoinHandle<()>,
}

impl Worker {
    fn start(args: &[&str], ledger: &Arc<watch::Sender<Ledger>>) -> Worker {
        let mut process = Command::new(env!("CARGO_BIN_EXE_behind-worker"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a worker can be started");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let (ledger, who) = (Arc::clone(ledger), process.id());
        let reader = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                ledger.send_modify(|ledger| ledger.note(who, &line));
            }
        });
        Worker { process, reader }
    }

    /// SIGKILL. What it had said is heard to the end.
    async fn kill(mut self) {
        self.process.kill().await.expect("it was alive");
        in_time("its last words", self.reader).await.expect("the reader reads");
    }
}

impl Ledger {
    fn note(&mut self, who: Option<u32>, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["w", id, version] => {
                let (Ok(id), Ok(version)) = (id.parse(), version.parse()) else {
                    // Its process died in the middle of the line.
                    return;
                };
                let last = self.last.insert(id, version);
                assert!(last < Some(version), "row {id}: {version} after {last:?}");
                self.accepted += 1;
            }
            ["quiet"] => self.quiet += 1,
            ["leads"] => self.leader = who,
            ["stands", "by"] if self.leader == who => self.leader = None,
            ["stale", ..] => self.stale.push(line.to_owned()),
            _ => {}
        }
    }
}

/// Everything that is at work.
struct Field {
    writers: Vec<Worker>,
    flushers: Vec<Worker>,
    ledger: Arc<watch::Sender<Ledger>>,
    rows: Rows,
    server: RedisServer,
    rows_of_a_writer: u64,
    started: u64,
    writers_killed: u64,
    flushers_killed: u64,
}

impl Field {
    async fn new(writes: u64) -> Field {
        let mut field = Field {
            writers: Vec::new(),
            flushers: Vec::new(),
            ledger: Arc::default(),
            rows: Rows::create().await,
            server: RedisServer::start_durable(),
            // Half of the writes are to a few rows, and there are as many rows as the other half needs.
            rows_of_a_writer: writes / 2 / WRITERS,
            started: 0,
            writers_killed: 0,
            flushers_killed: 0,
        };
        field.writers = (0..WRITERS).map(|which| field.writer(which)).collect();
        field.flushers = (0..2).map(|_| field.flusher()).collect();
        field
    }

    /// A writer of its part of the rows, in versions above those of all writers before it.
    fn writer(&mut self, which: u64) -> Worker {
        self.started += 1;
        let (first, rows) = (which * self.rows_of_a_writer, self.rows_of_a_writer);
        let [first, rows, version] = [first, rows, self.started << 32].map(|n| n.to_string());
        Worker::start(&["write", &self.url(), &first, &rows, &version], &self.ledger)
    }

    /// The server forgets nothing, so what it comes back with is as good as before.
    fn url(&self) -> String {
        format!("{}?incarnations=off", self.server.url())
    }

    fn flusher(&self) -> Worker {
        Worker::start(&["flush", &self.url(), &self.rows.path(), "500"], &self.ledger)
    }

    /// Kills one of the writers.
    async fn kill_a_writer(&mut self) {
        let which = fastrand::u64(..WRITERS);
        self.writers.remove(which as usize).kill().await;
        let heir = self.writer(which);
        self.writers.insert(which as usize, heir);
        self.writers_killed += 1;
    }

    /// Kills the flusher that works, whatever it is doing.
    async fn kill_the_leader(&mut self) {
        self.until("a leader", |ledger| ledger.leader.is_some()).await;
        sleep(Duration::from_millis(fastrand::u64(..60))).await;
        let leader = self.ledger.borrow().leader;
        let victim = self.flushers.iter().position(|worker| worker.process.id() == leader);
        let Some(victim) = victim else { return };
        let heir = self.flusher();
        std::mem::replace(&mut self.flushers[victim], heir).kill().await;
        self.ledger.send_modify(|ledger| {
            // Another one may have said so meanwhile.
            ledger.leader = ledger.leader.filter(|_| ledger.leader != leader);
        });
        self.flushers_killed += 1;
    }

    fn accepted(&self) -> u64 {
        self.ledger.borrow().accepted
    }

    async fn until(&self, what: &str, condition: impl FnMut(&Ledger) -> bool) {
        let mut ledger = self.ledger.subscribe();
        let seen = timeout(Duration::from_secs(120), ledger.wait_for(condition)).await;
        assert!(seen.is_ok(), "it did not come to this: {what}");
    }

    /// Ends the writers, and waits until all is flushed.
    async fn quiesce(&mut self, queue: &WriteBehind<Row>) {
        for writer in &mut self.writers {
            let input = writer.process.stdin.as_mut().expect("it is piped");
            input.write_all(b"quiesce\n").await.expect("it is alive");
        }
        self.until("quiet", |ledger| ledger.quiet == WRITERS).await;
        let empty = async || queue.len().await == Ok(0);
        eventually("the end of the queue", empty).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_accepted_write_arrives_in_order_whoever_dies() {
    let writes = env::var("WRITE_BEHIND_WRITES").map_or(WRITES, |n| n.parse().expect("a number"));
    let began = Instant::now();
    let mut field = Field::new(writes).await;
    let mut restarts = 0;
    while field.accepted() < writes {
        sleep(Duration::from_millis(fastrand::u64(50..300))).await;
        field.kill_a_writer().await;
        if restarts == 0 && field.accepted() > writes / 2 {
            field.server.restart_durable();
            restarts += 1;
        }
        field.kill_the_leader().await;
    }
    let accepted = began.elapsed();

    let cache = patient_cache(&field.url()).await;
    let queue = queue(&cache);
    field.quiesce(&queue).await;
    let flushed = began.elapsed();
    let history = field.rows.history().await;
    report(&field, &history, accepted, flushed);
    assert!(field.writers_killed > 2 && field.flushers_killed > 2, "little happened");
    assert_eq!(restarts, 1);
    judge(&field, &history, &cache, &queue).await;
}

fn report(field: &Field, history: &[Written], accepted: Duration, flushed: Duration) {
    let batches: BTreeSet<i64> = history.iter().map(|written| written.batch).collect();
    println!(
        "{} writes of {} rows accepted in {accepted:.1?}, all in the database after {flushed:.1?}; \
         {} writers and {} flushers killed, 1 restart of the server; {} batches, which are as many SQL \
         statements, of {} rows in all",
        field.ledger.borrow().accepted,
        field.ledger.borrow().last.len(),
        field.writers_killed,
        field.flushers_killed,
        batches.len(),
        history.len(),
    );
}

async fn judge(field: &Field, history: &[Written], cache: &Cache, queue: &WriteBehind<Row>) {
    let (last, stale) = {
        let ledger = field.ledger.borrow();
        (ledger.last.clone(), ledger.stale.clone())
    };
    assert!(stale.is_empty(), "{stale:?}");
    assert!(queue.dead_letters(10).await.unwrap().is_empty());

    // A writer that was killed may have had a write accepted without having been told.
    let versions = field.rows.versions().await;
    let lost: Vec<_> = last.iter().filter(|(id, last)| versions.get(id) < Some(last)).collect();
    assert!(lost.is_empty(), "{} rows are older than what was accepted: {lost:?}", lost.len());
    for (id, version) in &versions {
        assert_eq!(cached(cache, *id).await, Some(*version), "row {id}");
    }

    let mut newest: BTreeMap<u64, Written> = BTreeMap::new();
    for written in history {
        if let Some(before) = newest.insert(written.row.id, *written) {
            let forward = before.row.version <= written.row.version && before.seq <= written.seq;
            assert!(forward, "{before:?} was followed by {written:?}");
        }
    }
    assert!(history.len() < field.ledger.borrow().accepted as usize, "nothing was replaced");
}
