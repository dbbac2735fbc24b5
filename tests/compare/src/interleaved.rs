//! Short slices of all ways in turn, so that whatever else the machine does meets all of them alike.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    source::Source,
    value::{Size, User},
    ways::{Subject, Way},
};

/// The next key that no cache has.
static ABSENT: AtomicU64 = AtomicU64::new(1_000_000);

pub fn absent() -> u64 {
    ABSENT.fetch_add(1, Ordering::Relaxed)
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It finds its value.
    Hit,
    /// It finds nothing, loads (which takes no time), and stores.
    Miss,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub outcome: Outcome,
    pub size: Size,
    pub callers: u64,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub blocks: usize,
    /// In each block, every way has a slice in each round.
    pub rounds: usize,
    pub slice: Duration,
}

/// The time of a call, and how it compares to that of the last way: the median of all rounds, and the least and the most of the
/// blocks' medians.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    pub median_ns: f64,
    pub ratio: f64,
    pub least: f64,
    pub most: f64,
}

/// The times of the ways, in their order. Ratios are to the last of them.
pub async fn measure(
    subject: &'static Subject,
    ways: &[Way],
    call: Call,
    effort: Effort,
) -> Vec<Time> {
    let mut times = Vec::new();
    for &way in ways {
        fill(subject, way, call).await;
        times.push(calls_of_a_slice(subject, way, call, effort.slice).await);
    }
    let mut rounds = Vec::new();
    for round in 0..effort.blocks * effort.rounds {
        let mut took = vec![0.0; ways.len()];
        for turn in 0..ways.len() {
            // Who goes first changes, so that nobody always finds what the same one left.
            let at = (turn + round) % ways.len();
            took[at] = slice(subject, ways[at], call, times[at]).await;
        }
        rounds.push(took);
    }
    let base = ways.len() - 1;
    let summary = |at: usize| {
        let ratio = |of: &[Vec<f64>]| median(of.iter().map(|took| took[at] / took[base]));
        let blocks: Vec<f64> = rounds.chunks(effort.rounds).map(ratio).collect();
        Time {
            median_ns: median(rounds.iter().map(|took| took[at])),
            ratio: ratio(&rounds),
            least: blocks.iter().copied().fold(f64::INFINITY, f64::min),
            most: blocks.iter().copied().fold(0.0, f64::max),
        }
    };
    (0..ways.len()).map(summary).collect()
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut of: Vec<f64> = of.collect();
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Stores the value of each caller whose calls are to be hits.
async fn fill(subject: &'static Subject, way: Way, Call { outcome, size, callers }: Call) {
    let callers = if outcome == Outcome::Hit { callers } else { 0 };
    for caller in 0..callers {
        store(subject, way, key(size, caller), leaked(size)).await;
    }
}

/// Calls until the value is found in the cache.
pub async fn store(subject: &'static Subject, way: Way, id: u64, user: &'static User) {
    while subject.find(way, id, Source::Nothing).await.is_err() {
        subject.find(way, id, Source::Row(user)).await.expect("a row");
    }
}

/// Callers do not share keys, nor do sizes.
fn key(size: Size, caller: u64) -> u64 {
    match size {
        Size::Small => 10_000 + caller,
        Size::Large => 20_000 + caller,
    }
}

/// A row as long as the process: there are few.
pub fn leaked(size: Size) -> &'static User {
    static ROWS: [std::sync::OnceLock<User>; 2] = [const { std::sync::OnceLock::new() }; 2];
    ROWS[size as usize].get_or_init(|| size.user())
}

/// How many calls of each caller make a slice.
async fn calls_of_a_slice(
    subject: &'static Subject,
    way: Way,
    call: Call,
    length: Duration,
) -> u64 {
    let mut times = 1;
    loop {
        // The shortest of three: one that was held up would make all slices too short to show anything but their start.
        let mut each = f64::INFINITY;
        for _ in 0..3 {
            each = each.min(slice(subject, way, call, times).await);
        }
        let took = each * (call.callers * times) as f64;
        if took >= length.as_nanos() as f64 / 2.0 {
            return (times as f64 * length.as_nanos() as f64 / took).ceil() as u64;
        }
        times *= 2;
    }
}

/// Nanoseconds for each call.
async fn slice(subject: &'static Subject, way: Way, call: Call, times: u64) -> f64 {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..call.callers {
        tasks.spawn(calls(subject, way, call, caller, times));
    }
    tasks.join_all().await;
    began.elapsed().as_nanos() as f64 / (call.callers * times) as f64
}

/// One caller's calls, one after the other.
///
/// # Panics
///
/// Where a call that is to be a hit is none.
pub async fn calls(subject: &'static Subject, way: Way, call: Call, caller: u64, times: u64) {
    let hit = call.outcome == Outcome::Hit;
    let source = if hit { Source::Nothing } else { Source::Row(leaked(call.size)) };
    for _ in 0..times {
        let id = if hit { key(call.size, caller) } else { absent() };
        subject.find(way, id, source).await.expect("a value");
    }
}

/// One caller's calls for `bin/one_way.rs`, which counts them: what has to be there is.
pub async fn prepared(subject: &'static Subject, way: Way, call: Call) {
    fill(subject, way, call).await;
}
