//! What calls cost while the cache's server is unwell, and how soon the cache is back: the fault matrix with its figures.
//!
//! `cargo bench -p cache-tests --bench faults`, and with a part of a fault's name for its rows alone. The source answers
//! at once, so what a call takes is what the cache adds to it; the same call on a cache that is disabled takes turns with
//! ours, to show what the machine adds.

use std::{
    env, fmt,
    time::{Duration, Instant},
};

use cache_runtime::Cache;
use cache_tests::{
    faults::{Fault, Rig},
    operations::{Operation, Seen, Service},
};
use tokio::{
    runtime::Runtime,
    time::{sleep, timeout},
};

/// Calls with which the cache learns that something is the matter.
const FIRST: usize = 10;

/// The calls after them: enough for a 99th percentile.
const LATER: usize = 2_000;

/// What `cargo test --benches` asks for: that it runs.
const SMOKE: usize = 25;

/// Between two of them, so that they meet whatever the cache does from time to time.
const PACE: Duration = Duration::from_millis(1);

/// So many hits one after the other are a recovery.
const RECOVERED: u64 = 20;

/// What has not come back by then does not come back.
const PATIENCE: Duration = Duration::from_secs(30);

/// The row that is read and written, and the first of a batch.
const ROW: u64 = 0;

fn main() {
    let measured = env::args().any(|arg| arg == "--bench");
    let calls = if measured { LATER } else { SMOKE };
    let part = env::args().skip(1).find(|arg| !arg.starts_with("--")).unwrap_or_default();
    let faults = [None].into_iter().chain(Fault::ALL.map(Some));
    let faults = faults.filter(|fault| title(*fault).contains(&part));
    let runtime = Runtime::new().expect("a runtime starts");
    print_row(HEADINGS);
    print_row(HEADINGS.map(|_| "---"));
    let rows: Vec<_> = faults.map(|fault| (title(fault), cells(&runtime, fault, calls))).collect();
    println!();
    print_row(SUMMARY);
    print_row(SUMMARY.map(|_| "---"));
    for (title, cells) in rows {
        let most = |writes: bool, figure: fn(&Cell) -> Duration| {
            let cells = Operation::ALL.into_iter().zip(&cells);
            let figures = cells.filter(|(o, _)| o.writes() == writes).map(|(_, c)| figure(c));
            figures.max().unwrap_or_default()
        };
        let p99 = |cell: &Cell| cell.later.quantile(0.99);
        let first = most(false, |cell| cell.first.max()).max(most(true, |cell| cell.first.max()));
        let [reads, writes] = [false, true].map(|writes| shown(most(writes, p99)));
        let [read, written] = [false, true].map(|writes| shown(most(writes, |c| c.recovery)));
        print_row([title, shown(first), reads, writes, read, written]);
    }
}

/// What each cell of the table is.
const HEADINGS: [&str; 8] = [
    "fault",
    "operation",
    "answered by the source",
    "stale",
    "first calls: p50, max",
    "later calls: p50, p99, max",
    "without a cache: p50, p99, max",
    "hits again after",
];

/// The same in short: the largest figures of all reads, and of all writes.
const SUMMARY: [&str; 6] = [
    "fault",
    "first calls, at most",
    "later reads, p99",
    "later writes, p99",
    "hits again after",
    "of what was written",
];

fn print_row<T: fmt::Display>(cells: impl IntoIterator<Item = T>) {
    let cells: Vec<_> = cells.into_iter().map(|cell| cell.to_string()).collect();
    println!("| {} |", cells.join(" | "));
}

fn title(fault: Option<Fault>) -> String {
    fault.map_or("none".to_owned(), |fault| fault.to_string())
}

/// What was measured of one operation during one fault.
struct Cell {
    /// Of the later calls.
    seen: Seen,
    first: Latencies,
    later: Latencies,
    bare: Latencies,
    /// From the end of the fault, where there was one.
    recovery: Duration,
}

/// Measures one fault, and prints its rows.
fn cells(runtime: &Runtime, fault: Option<Fault>, calls: usize) -> Vec<Cell> {
    let cell = |operation: Operation| {
        let cell = runtime.block_on(measure(fault, operation, calls));
        let Seen { calls, loads, stale, wrong } = cell.seen;
        print_row([
            title(fault),
            operation.to_string(),
            format!("{:.0} %", 100.0 * loads as f64 / (calls as f64)),
            (stale + wrong).to_string(),
            format!("{}, {}", shown(cell.first.quantile(0.5)), shown(cell.first.max())),
            cell.later.to_string(),
            cell.bare.to_string(),
            shown(cell.recovery),
        ]);
        cell
    };
    Operation::ALL.into_iter().map(cell).collect()
}

async fn measure(fault: Option<Fault>, operation: Operation, calls: usize) -> Cell {
    let mut rig = Rig::for_faults(fault.into_iter().collect()).await;
    let cache = Cache::builder().url(&rig.url()).build().await.expect("the URL is right");
    let (ours, bare) = (Service::new(cache), Service::new(Cache::disabled()));
    if fault != Some(Fault::NotStarted) {
        hits(&ours).await;
    }
    if let Some(fault) = fault {
        fault.inject(&mut rig);
    }
    // A server that is restarted is well again at once.
    let mut recovery = match fault {
        Some(Fault::RestartedEmpty) => hits(&ours).await,
        _ => Duration::ZERO,
    };
    let (first, _) = take_turns(operation, &ours, &bare, FIRST).await;
    let before = ours.seen();
    let (later, bare) = take_turns(operation, &ours, &bare, calls).await;
    let seen = ours.seen() - before;
    if let Some(fault) = fault.filter(|&fault| fault != Fault::RestartedEmpty) {
        fault.heal(&mut rig);
        recovery = hits(&ours).await;
    }
    Cell { seen, first, later, bare, recovery }
}

/// Calls one and the other, so many times.
async fn take_turns(
    operation: Operation,
    ours: &Service,
    bare: &Service,
    calls: usize,
) -> (Latencies, Latencies) {
    let (mut with, mut without) = (Latencies::default(), Latencies::default());
    for _ in 0..calls {
        sleep(PACE).await;
        with.0.push(ours.call(operation, ROW).await);
        without.0.push(bare.call(operation, ROW).await);
        if operation.writes() {
            // Not measured, but judged.
            ours.call(Operation::Read, ROW).await;
        }
    }
    with.0.sort_unstable();
    without.0.sort_unstable();
    (with, without)
}

/// Reads until all rows are hits and stay so, and says how long it took to the first of these hits.
async fn hits(service: &Service) -> Duration {
    let began = Instant::now();
    let mut first = None;
    let mut hits = 0;
    let resumed = async {
        while hits < RECOVERED {
            let loads = service.seen().loads;
            service.call(Operation::Batch, ROW).await;
            if service.seen().loads == loads {
                hits += 1;
                first.get_or_insert_with(|| began.elapsed());
            } else {
                (hits, first) = (0, None);
            }
            sleep(PACE).await;
        }
        first.unwrap_or_default()
    };
    timeout(PATIENCE, resumed).await.expect("hits resume after a fault")
}

/// In the order of their lengths.
#[derive(Default)]
struct Latencies(Vec<Duration>);

impl Latencies {
    fn quantile(&self, part: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * part).round() as usize).copied().unwrap_or_default()
    }

    fn max(&self) -> Duration {
        self.quantile(1.0)
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|part| shown(self.quantile(part)));
        write!(f, "{p50}, {p99}, {max}")
    }
}

/// A length of time with two digits or three.
fn shown(length: Duration) -> String {
    if length.is_zero() {
        return "-".to_owned();
    }
    let micros = length.as_nanos() as f64 / 1e3;
    match micros {
        0.0..10.0 => format!("{micros:.1} µs"),
        10.0..1e3 => format!("{micros:.0} µs"),
        1e3..1e4 => format!("{:.1} ms", micros / 1e3),
        1e4..1e6 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.1} s", micros / 1e6),
    }
}
