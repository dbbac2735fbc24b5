//! The field of the fault tests: processes under load, the server and the rows that they share, and what strikes them.

use std::{env, fmt, process::Command, sync::Arc, time::Duration};

use cache_tests::{
    checker::{Checker, Counts},
    database::Server,
    dialogue::Dialogue,
    half_open::Way,
    server::RedisServer,
};
use fastrand::Rng;
use tokio::time::{sleep, timeout};

pub(super) const ROWS: usize = 20;
const WORKERS: usize = 4;

/// How long anything that must happen may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// SIGKILL to a process, which is replaced.
    Kill,
    /// SIGSTOP to a process, for longer than its fences stand and an operation may take.
    Stop,
    /// All connections to the server are closed.
    Cut,
    /// Nothing arrives any more of what the server says over the connections that one process has.
    HalfOpen,
    /// Of those, only where the server tracks keys: it is not heard that they change.
    Deaf,
    /// The server answers nobody for longer than an operation may take.
    Hang,
    /// `FLUSHALL`.
    Flush,
    /// SIGKILL to the server, which is started again on the same port, empty.
    Restart,
    /// The same, but it comes back with what it held a while ago.
    FallBack,
}

impl Fault {
    pub(super) const ALL: [Fault; 9] = [
        Fault::Kill,
        Fault::Stop,
        Fault::Cut,
        Fault::HalfOpen,
        Fault::Deaf,
        Fault::Hang,
        Fault::Flush,
        Fault::Restart,
        Fault::FallBack,
    ];
}

/// Longer than the workers wait for an operation.
const HANG: Duration = Duration::from_millis(1200);

/// A process, and its way to the server.
struct Worker {
    process: Dialogue,
    way: Way,
}

/// Processes under load, with the server and the rows that they share.
pub(super) struct Field {
    // Dropped first, before what they work on.
    workers: Vec<Worker>,
    pub(super) checker: Arc<Checker>,
    rows: Server,
    pub(super) server: RedisServer,
    struck: Vec<Fault>,
    rng: Rng,
    mode: &'static str,
    /// What follows the server's URL.
    query: String,
}

impl Field {
    /// Processes of this mode, whose caches have what `query` says in their URL.
    pub(super) async fn new(mode: &'static str, query: &str) -> Field {
        Field::over(RedisServer::start(), mode, query).await
    }

    /// The same, over this server.
    pub(super) async fn over(server: RedisServer, mode: &'static str, query: &str) -> Field {
        let mut rng = Rng::with_seed(seed());
        let checker = Arc::new(Checker::new(ROWS, rng.u64(..)));
        let rows = Server::start(&checker).await.expect("loopback has a free port");
        let mut field = Field {
            workers: Vec::new(),
            checker,
            rows,
            server,
            struck: Vec::new(),
            rng,
            mode,
            query: query.to_owned(),
        };
        for _ in 0..WORKERS {
            let worker = field.worker().await;
            field.workers.push(worker);
        }
        field
    }

    async fn worker(&mut self) -> Worker {
        let way = Way::to(self.server.port()).await;
        let url = format!("{}{}", way.url(), self.query);
        let rows = self.rows.address().to_string();
        let (count, seed) = (ROWS.to_string(), self.rng.u64(..).to_string());
        let args = [self.mode, &url, &rows, &count, &seed];
        let process = Dialogue::with_process(env!("CARGO_BIN_EXE_chaos-worker"), &args)
            .expect("a worker can be started");
        Worker { process, way }
    }

    fn one_of_them(&mut self) -> &mut Worker {
        &mut self.workers[self.rng.usize(..WORKERS)]
    }

    pub(super) async fn strike(&mut self, fault: Fault) {
        self.struck.push(fault);
        match fault {
            Fault::Kill => {
                let heir = self.worker().await;
                let victim = std::mem::replace(self.one_of_them(), heir);
                victim.process.kill().await.expect("a worker lives until it is killed");
            }
            Fault::Stop => {
                let victim = self.one_of_them().process.pid();
                let victim = victim.expect("a worker lives until it is killed");
                signal("STOP", victim);
                sleep(HANG).await;
                signal("CONT", victim);
            }
            Fault::Cut => {
                let cut = async {
                    // Soon after a restart there may be no connection yet.
                    while self.server.command(&["CLIENT", "KILL", "TYPE", "normal"]) == ":0\r\n" {
                        sleep(Duration::from_millis(10)).await;
                    }
                };
                timeout(PATIENCE, cut).await.expect("the workers connect again");
            }
            Fault::HalfOpen => self.one_of_them().way.swallow(),
            Fault::Deaf => self.one_of_them().way.swallow_pushes(),
            Fault::Hang => {
                self.server.pause();
                sleep(HANG).await;
                self.server.resume();
            }
            Fault::Flush => assert_eq!(self.server.command(&["FLUSHALL"]), "+OK\r\n"),
            Fault::Restart => {
                self.server.kill();
                sleep(Duration::from_millis(self.rng.u64(..400))).await;
                self.server.restart_empty();
            }
            Fault::FallBack => {
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
    pub(super) async fn run(&mut self, round: &[Fault], rounds: usize) {
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
    pub(super) async fn hits(&self, more: u64) {
        let wanted = self.checker.counts().hits + more;
        self.until(|counts| counts.hits >= wanted).await;
    }

    pub(super) async fn until(&self, wanted: impl Fn(&Counts) -> bool) {
        let seen = timeout(PATIENCE, self.checker.until(|counts| wanted(counts))).await;
        assert!(seen.is_ok(), "the load has come to a standstill");
    }

    pub(super) fn report(&self, when: &str) {
        let (counts, tally) = (self.checker.counts(), self.checker.tallied());
        println!("{when}: {}; {counts}; {tally}", Struck(&self.struck));
        tell_functions(&self.checker);
    }

    pub(super) fn struck(&self, fault: Fault) -> usize {
        self.struck.iter().filter(|&&struck| struck == fault).count()
    }

    /// Ends the load, but not the processes.
    pub(super) async fn quiesce(&mut self) {
        for worker in &mut self.workers {
            worker.process.say("quiesce").await;
        }
        for worker in &mut self.workers {
            worker.process.hear("quiet").await;
        }
    }
}

fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(sent.expect("`kill` is a command of every Unix").success(), "kill -{name} failed");
}

/// How often each fault has struck.
struct Struck<'a>(&'a [Fault]);

impl fmt::Display for Struck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted =
            Fault::ALL.map(|fault| (fault, self.0.iter().filter(|&&s| s == fault).count()));
        let counted = counted.iter().filter(|(_, count)| *count > 0);
        let counted = counted.map(|(fault, count)| format!("{count} {fault:?}"));
        f.write_str(&counted.collect::<Vec<_>>().join(", "))
    }
}

/// Prints what was seen of each function, which must be something.
pub(super) fn tell_functions(checker: &Checker) {
    for (function, answers) in checker.by_function() {
        println!("  {function:?}: {answers}");
    }
}

/// Every strategy was read through, and every one of them hit.
pub(super) fn every_strategy_was_tried(checker: &Checker) {
    let by_function = checker.by_function();
    assert_eq!(by_function.len(), 6, "a strategy was not read through");
    for (function, answers) in by_function {
        assert!(answers.hits > 200, "{function:?} hardly ever hit: {answers}");
    }
}

/// The seed of a run: a new one for each, unless one is given.
pub(super) fn seed() -> u64 {
    let given = env::var("CHAOS_SEED").ok().map(|seed| seed.parse().expect("a seed is a number"));
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("CHAOS_SEED={seed}");
    seed
}
