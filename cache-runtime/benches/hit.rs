//! What a hit costs beside what one would write by hand: time and allocations, as one table. A second one has the
//! allocations of a miss.
//!
//! Ours and theirs take turns in slices of a few milliseconds, and the ratio is the median over the pairs of
//! slices: whatever else the machine does meets both alike.

mod subject;

use std::{
    collections::HashMap,
    env,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use cache_test_support::server::RedisServer;
use subject::{CALLERS, COMPARISONS, Call, Comparison, Outcome, Size, Subject, Way};
use tokio::runtime::{Builder, Runtime};

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    pairs: usize,
    slice: Duration,
}

const FULL: Effort = Effort { pairs: 1000, slice: Duration::from_millis(2) };
const QUICK: Effort = Effort { pairs: 100, slice: Duration::from_millis(2) };
/// What `cargo test --benches` asks for: that it runs.
const SMOKE: Effort = Effort { pairs: 1, slice: Duration::from_millis(1) };

fn main() {
    let has = |name| env::args().any(|arg| arg == name);
    let effort = match (has("--bench"), has("--quick")) {
        (false, _) => SMOKE,
        (true, true) => QUICK,
        (true, false) => FULL,
    };
    let allocations = Allocations::count();
    let server = RedisServer::start();
    println!(
        "{:<26}{:>6}{:>9}{:>11}{:>11}{:>8}{:>16}{:>8}",
        "ours / theirs",
        "value",
        "callers",
        "ours ns",
        "theirs ns",
        "ratio",
        "ours allocs",
        "theirs",
    );
    for callers in [1, CALLERS] {
        let runtime = runtime(callers);
        let subject = runtime.block_on(Subject::new(&server.url()));
        for comparison in COMPARISONS {
            for size in Size::ALL {
                let slices = Slices { runtime: &runtime, subject: &subject, size, callers };
                let times = slices.compare(comparison, effort);
                let count =
                    |way| allocations.of(Call { outcome: Outcome::Hit, way, size }, callers);
                println!(
                    "{:<26}{:>6}{callers:>9}{:>11.0}{:>11.0}{:>8.2}{:>16.1}{:>8.1}",
                    comparison.title,
                    size.name(),
                    times.ours,
                    times.theirs,
                    times.ratio,
                    count(comparison.ours),
                    count(comparison.theirs),
                );
            }
        }
    }
    misses(&allocations);
}

fn misses(allocations: &Allocations) {
    println!(
        "\n{:<26}{:>6}{:>9}{:>16}{:>8}",
        "a miss", "value", "callers", "ours allocs", "theirs"
    );
    for callers in [1, CALLERS] {
        for comparison in COMPARISONS {
            for size in Size::ALL {
                let count =
                    |way| allocations.of(Call { outcome: Outcome::Miss, way, size }, callers);
                println!(
                    "{:<26}{:>6}{callers:>9}{:>16.1}{:>8.1}",
                    comparison.title,
                    size.name(),
                    count(comparison.ours),
                    count(comparison.theirs),
                );
            }
        }
    }
}

/// One caller runs on a single thread, where no wake-up of another thread hides what the call itself costs;
/// many run as in a service.
fn runtime(callers: u64) -> Runtime {
    let mut builder = match callers {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.enable_all().build().expect("a runtime")
}

/// What is run in turns.
struct Slices<'a> {
    runtime: &'a Runtime,
    subject: &'a Arc<Subject>,
    size: Size,
    callers: u64,
}

/// Medians, in nanoseconds for each hit.
struct Times {
    ours: f64,
    theirs: f64,
    ratio: f64,
}

impl Slices<'_> {
    fn compare(&self, comparison: &Comparison, effort: Effort) -> Times {
        let [ours, theirs] = [comparison.ours, comparison.theirs];
        let times = self.times(ours, effort.slice).min(self.times(theirs, effort.slice));
        let [mut our_times, mut their_times, mut ratios] =
            [(); 3].map(|()| Vec::with_capacity(effort.pairs));
        for pair in 0..effort.pairs {
            // Who goes first changes too, so that neither always finds what the other left.
            let (our, their) = if pair % 2 == 0 {
                let our = self.run(ours, times);
                (our, self.run(theirs, times))
            } else {
                let their = self.run(theirs, times);
                (self.run(ours, times), their)
            };
            our_times.push(our);
            their_times.push(their);
            ratios.push(our / their);
        }
        Times { ours: median(our_times), theirs: median(their_times), ratio: median(ratios) }
    }

    /// How many hits of each caller make a slice of this length.
    fn times(&self, way: Way, slice: Duration) -> u64 {
        let mut times = 8;
        while self.run(way, times) * (self.callers * times) as f64 <= slice.as_nanos() as f64 {
            times *= 2;
        }
        times
    }

    /// Nanoseconds for each hit.
    fn run(&self, way: Way, times: u64) -> f64 {
        let call = Call { outcome: Outcome::Hit, way, size: self.size };
        let hits = self.subject.calls(call, self.callers, times);
        let began = Instant::now();
        self.runtime.block_on(hits);
        began.elapsed().as_nanos() as f64 / (self.callers * times) as f64
    }
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Allocations for each call, as the benchmark of that name prints them.
struct Allocations(HashMap<String, f64>);

impl Allocations {
    fn count() -> Allocations {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["bench", "--quiet", "--package", "cache-runtime", "--bench", "allocations"])
            // Built as this is, so that it counts the same ways.
            .args(cfg!(feature = "encryption").then_some("--features=encryption"))
            .stderr(Stdio::inherit())
            .output()
            .expect("this runs under cargo");
        assert!(output.status.success(), "the benchmark `allocations` failed");
        let lines = String::from_utf8_lossy(&output.stdout);
        let counts = lines.lines().filter_map(|line| {
            let (what, count) = line.rsplit_once(' ')?;
            Some((what.to_owned(), count.parse().ok()?))
        });
        Allocations(counts.collect())
    }

    fn of(&self, Call { outcome, way, size }: Call, callers: u64) -> f64 {
        self.0[&format!("{} {} {} {callers}", outcome.name(), way.name(), size.name())]
    }
}
