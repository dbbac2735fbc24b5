//! The service under load while its Redis is killed, restarted and hung: nothing fails, nothing is stale.
//!
//! `USERS_LOAD_SECONDS=60 cargo test -p cache-examples --test users_api load -- --nocapture` prints what it could do
//! meanwhile.

mod client;
mod ledger;
mod tally;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use cache_tests::{patience::in_time, server::RedisServer};
use tokio::task::JoinSet;

use self::{client::Client, ledger::Ledger, tally::Tally};
use crate::service::Service;

const CLIENTS: u64 = 16;

/// What happens to the server when, and for which part of the time.
const PHASES: [(&str, f64, Fault); 7] = [
    ("before", 0.18, |_| {}),
    ("killed", 0.10, RedisServer::kill),
    ("back, with its data", 0.12, back),
    ("killed again", 0.10, RedisServer::kill),
    ("back, empty", 0.12, back_empty),
    ("hung", 0.13, |server| server.pause()),
    ("after", 0.25, |server| server.resume()),
];

type Fault = fn(&mut RedisServer);

fn back(server: &mut RedisServer) {
    server.restart_durable();
    log_writes(server);
}

fn back_empty(server: &mut RedisServer) {
    server.restart_empty();
    log_writes(server);
}

/// As services have it: each write is in the log before it is acknowledged, and on the disk within a second. So the
/// process can be killed, and the phases can be compared.
fn log_writes(server: &RedisServer) {
    let until = Instant::now() + Duration::from_secs(20);
    for (setting, value) in [("appendfsync", "everysec"), ("appendonly", "yes")] {
        // It takes no settings while it reads its log.
        while !server.command(&["CONFIG", "SET", setting, value]).starts_with("+OK") {
            assert!(Instant::now() < until, "the server does not take its settings");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn seconds() -> f64 {
    let set = std::env::var("USERS_LOAD_SECONDS").ok();
    set.map_or(10.0, |text| text.parse().expect("USERS_LOAD_SECONDS is a number of seconds"))
}

/// Clients that ask a service until they are told to stop.
pub(crate) struct Load {
    phase: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    clients: JoinSet<Tally>,
    phases: usize,
}

impl Load {
    /// Creates rows, and starts so many clients that read and write them. They count what they see by phases.
    pub(crate) async fn start(service: &Service, clients: u64, phases: usize) -> Load {
        let ledger = Arc::new(Ledger::create(service).await);
        let (phase, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let mut set = JoinSet::new();
        for seed in 0..clients {
            let client = Client::new(seed, service.url(), Arc::clone(&ledger));
            set.spawn(client.run(Arc::clone(&phase), Arc::clone(&over), phases));
        }
        Load { phase, over, clients: set, phases }
    }

    /// Stops the clients, and tells what they have seen.
    pub(crate) async fn end(mut self) -> Tally {
        self.over.store(true, Ordering::SeqCst);
        let mut tally = Tally::new(self.phases);
        while let Some(counted) = in_time("the last requests", self.clients.join_next()).await {
            tally.add(counted.expect("a client does not panic"));
        }
        tally
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_and_no_read_is_stale_while_redis_is_killed_and_hung() {
    let redis = RedisServer::start_durable();
    log_writes(&redis);
    let service = Service::start(&[("CACHE_URL", &redis.url())]);
    let load = Load::start(&service, CLIENTS, PHASES.len()).await;

    let (redis, lasted) = run_phases(redis, &load.phase).await;
    let tally = load.end().await;
    println!("{} clients, {:.0} s\n", CLIENTS, seconds());
    print!("{}", tally.table(&PHASES.map(|(name, ..)| name), &lasted));

    assert_eq!((tally.failed(), tally.stale()), (0, 0), "{:#?}", tally.examples());
    for (at, (name, ..)) in PHASES.iter().enumerate() {
        assert!(tally.requests(at) > 0, "no requests: {name}");
    }
    // The server that was restarted last has been asked, so the service has found its way back.
    let reads = redis.calls().get("get").copied().unwrap_or_default();
    assert!(reads > 100, "after all faults the cache is hardly used: {reads} reads");
}

/// Lets happen what has to happen, and tells how long each phase has lasted.
async fn run_phases(mut redis: RedisServer, phase: &AtomicUsize) -> (RedisServer, Vec<Duration>) {
    let mut lasted = Vec::new();
    for (at, (_, part, fault)) in PHASES.into_iter().enumerate() {
        let began = Instant::now();
        phase.store(at, Ordering::SeqCst);
        let happened = tokio::task::spawn_blocking(move || {
            fault(&mut redis);
            redis
        });
        redis = happened.await.expect("the server does what it is told");
        tokio::time::sleep(Duration::from_secs_f64(seconds() * part)).await;
        lasted.push(began.elapsed());
    }
    (redis, lasted)
}
