//! A thousand callers of one key that has expired.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    interleaved::absent,
    source::{Slow, Source},
    value::Size,
    ways::{Subject, Way},
};

pub const CALLERS: u64 = 1000;
/// What a load takes.
pub const LOAD: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug)]
pub struct Stampede {
    /// How often the row was loaded: the median of the rounds.
    pub loads: u64,
    /// Until the last caller had its answer: the median of the rounds.
    pub took: Duration,
}

/// So many rounds, the ways in turn.
pub async fn measure(
    subject: &'static Subject,
    ways: &[Way],
    rounds: usize,
) -> HashMap<Way, Stampede> {
    let mut seen: HashMap<Way, Vec<(u64, Duration)>> = HashMap::new();
    for _ in 0..rounds {
        for &way in ways {
            seen.entry(way).or_default().push(round(subject, way).await);
        }
    }
    let summary = |(way, rounds): (Way, Vec<(u64, Duration)>)| {
        let (mut loads, mut took): (Vec<u64>, Vec<Duration>) = rounds.into_iter().unzip();
        loads.sort_unstable();
        took.sort_unstable();
        (way, Stampede { loads: loads[loads.len() / 2], took: took[took.len() / 2] })
    };
    seen.into_iter().map(summary).collect()
}

async fn round(subject: &'static Subject, way: Way) -> (u64, Duration) {
    let slow = Slow { user: Size::Small.user(), takes: LOAD, loads: AtomicU64::new(0) };
    let (slow, id): (&'static Slow, u64) = (Box::leak(Box::new(slow)), absent());
    let began = Instant::now();
    let callers: JoinSet<_> =
        (0..CALLERS).map(|_| subject.find(way, id, Source::Slow(slow))).collect();
    for answer in callers.join_all().await {
        answer.expect("a row");
    }
    (slow.loads.load(Ordering::Relaxed), began.elapsed())
}
