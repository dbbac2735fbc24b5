//! The server hangs, and dies.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use cache_test_support::server::RedisServer;
use tokio::task::JoinSet;

use crate::{
    interleaved::{absent, leaked, store},
    source::Source,
    value::{Size, User},
    ways::{Subject, Way},
};

pub const CALLERS: u64 = 64;
/// Each caller calls so often.
pub const TIMES: u64 = 4;
/// How long a way gets to use the server again.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What became of the calls, whose rows the source had at once.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    pub errors: usize,
    pub median: Duration,
    pub longest: Duration,
    /// How long after the server had come back a value was found in it; never, if there was none for [`PATIENCE`].
    pub recovered: Option<Duration>,
}

#[derive(Debug)]
pub struct Outages {
    pub hangs: HashMap<Way, Outage>,
    pub dies: HashMap<Way, Outage>,
}

pub async fn measure(server: &mut RedisServer, subject: &'static Subject, ways: &[Way]) -> Outages {
    let mut hangs = HashMap::new();
    for &way in ways {
        warm(subject, way).await;
        server.pause();
        let mut outage = calls(subject, way).await;
        server.resume();
        outage.recovered = recovery(subject, way).await;
        hangs.insert(way, outage);
    }
    for &way in ways {
        warm(subject, way).await;
    }
    server.kill();
    let mut dies = HashMap::new();
    for &way in ways {
        dies.insert(way, calls(subject, way).await);
    }
    server.restart_empty();
    // All at once, since they get the same time.
    let mut recoveries = JoinSet::new();
    for &way in ways {
        recoveries.spawn(async move { (way, recovery(subject, way).await) });
    }
    for (way, recovered) in recoveries.join_all().await {
        dies.get_mut(&way).expect("it was called").recovered = recovered;
    }
    Outages { hangs, dies }
}

fn row() -> &'static User {
    leaked(Size::Small)
}

fn key(caller: u64) -> u64 {
    30_000 + caller
}

/// What is called for is in the cache when the outage begins.
async fn warm(subject: &'static Subject, way: Way) {
    for caller in 0..CALLERS {
        store(subject, way, key(caller), row()).await;
    }
}

async fn calls(subject: &'static Subject, way: Way) -> Outage {
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..TIMES {
                let began = Instant::now();
                let answer = subject.find(way, key(caller), Source::Row(row())).await;
                seen.push((answer.is_err(), began.elapsed()));
            }
            seen
        });
    }
    let seen = callers.join_all().await.concat();
    let mut times: Vec<Duration> = seen.iter().map(|(_, took)| *took).collect();
    times.sort_unstable();
    Outage {
        errors: seen.iter().filter(|(failed, _)| *failed).count(),
        median: times[times.len() / 2],
        longest: times[times.len() - 1],
        recovered: None,
    }
}

/// Calls until a value that was loaded is found in the server again.
async fn recovery(subject: &'static Subject, way: Way) -> Option<Duration> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        // A key that no copy in the process's memory can answer for.
        let id = absent();
        let loaded = subject.find(way, id, Source::Row(row())).await.is_ok();
        if loaded && subject.find(way, id, Source::Nothing).await.is_ok() {
            return Some(began.elapsed());
        }
        // As a service would be called now and then.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    None
}
