//! Hours in minutes: every strategy on both stores over millions of keys, while the server hangs and is restarted. What the
//! process holds must not grow, no answer may be stale, and no call may fail.
//!
//! `cargo bench -p cache-tests --bench soak`, with a number for the minutes, which are 10 by default. It prints what it has
//! counted, and draws what the process held (`target/tmp/soak.svg`).

mod held;
mod plot;
mod service;

use std::{
    env, fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use cache_runtime::Cache;
use cache_tests::server::RedisServer;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use self::{held::Held, plot::plot, service::Service};

/// How many callers each store has.
const CALLERS: u64 = 32;

/// Between two faults of the server.
const CALM: Duration = Duration::from_secs(15);

/// For how long it hangs: longer than any deadline.
const HANG: Duration = Duration::from_millis(1500);

/// How often the process is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What `cargo test --benches` asks for: that it runs.
const SMOKE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() {
    let measured = env::args().any(|arg| arg == "--bench");
    let minutes = env::args().skip(1).find_map(|arg| arg.parse::<f64>().ok()).unwrap_or(10.0);
    let whole = if measured { Duration::from_secs_f64(minutes * 60.0) } else { SMOKE };

    let mut server = RedisServer::start_durable();
    let redis = Cache::builder().url(&server.url()).namespace("soak").build();
    let embedded = Cache::builder().url("memory://?max_bytes=64MiB").namespace("soak").build();
    let stores = [
        ("Redis", redis.await.expect("the server is there")),
        ("embedded", embedded.await.expect("the settings are right")),
    ];
    let services = stores.map(|(name, cache)| (name, Service::new(cache)));
    let over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for (_, service) in &services {
        for caller in 0..CALLERS {
            let (service, over) = (service.clone(), Arc::clone(&over));
            callers.spawn(async move {
                let mut random = fastrand::Rng::with_seed(caller);
                while !over.load(Ordering::Relaxed) {
                    service.step(&mut random).await;
                    tokio::task::yield_now().await;
                }
            });
        }
    }
    let flushers = services.each_ref().map(|(_, service)| service.flusher());

    let samples = watch(whole, &mut server).await;
    over.store(true, Ordering::Relaxed);
    callers.join_all().await;
    for flusher in flushers {
        flusher.shutdown().await;
    }

    for (name, service) in &services {
        println!("{name}: {}", service.report());
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soak.svg");
    fs::write(&file, plot(&samples)).expect("the target folder can be written to");
    println!("{} samples: {}", samples.len(), file.display());
    for (_, service) in &services {
        assert_eq!(service.wrong(), (0, 0), "stale answers, and errors");
    }
    if measured {
        assert_flat(&samples);
    }
}

/// Looks at the process until the time is over, and has the server hang and restart meanwhile.
async fn watch(whole: Duration, server: &mut RedisServer) -> Vec<Held> {
    let began = Instant::now();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut samples, mut faults) = (Vec::new(), 0_u32);
    while began.elapsed() < whole {
        look.tick().await;
        samples.push(Held::now(began));
        if began.elapsed() > CALM * (faults + 1) {
            match faults % 2 {
                0 => {
                    server.pause();
                    sleep(HANG).await;
                    server.resume();
                }
                _ => tokio::task::block_in_place(|| server.restart_durable()),
            }
            faults += 1;
        }
        progress(began.elapsed(), whole);
    }
    println!(
        "the server has hung {} times and was restarted {} times",
        faults.div_ceil(2),
        faults / 2
    );
    samples
}

fn progress(passed: Duration, whole: Duration) {
    eprint!("\r{:4} of {} s ", passed.as_secs(), whole.as_secs());
}

/// Nothing has grown since the warm-up, which is the first half. A fault has calls wait for a moment, so the median counts.
fn assert_flat(samples: &[Held]) {
    let (middle, end) = (samples.len() / 2, samples.len() * 3 / 4);
    for (what, figure) in Held::FIGURES {
        let median = |samples: &[Held]| {
            let mut figures: Vec<u64> = samples.iter().map(figure).collect();
            figures.sort_unstable();
            figures.get(figures.len() / 2).copied().unwrap_or_default()
        };
        let (before, after) = (median(&samples[middle..end]), median(&samples[end..]));
        println!("{what}: {before} in the third quarter, {after} in the last");
        // An allocator's slack, and a call or two more at a time.
        assert!(after <= before + before / 10 + 16, "{what} grow: {before}, then {after}");
    }
}
