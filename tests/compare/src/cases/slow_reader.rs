//! A load that begins before a write and ends after it. What it brings is old; is it left in the cache?

use std::{collections::HashMap, sync::atomic::AtomicU64};

use tokio::sync::Semaphore;

use crate::{
    interleaved::absent,
    source::{Race, Source},
    value::Size,
    ways::{Subject, Way},
};

/// How many of so many races leave the old value behind.
pub async fn stale(
    subject: &'static Subject,
    ways: &[Way],
    races: usize,
) -> HashMap<Way, Option<usize>> {
    let mut stale: HashMap<Way, Option<usize>> = HashMap::new();
    for _ in 0..races {
        for &way in ways {
            let count = stale.entry(way).or_insert(Some(0));
            let left = race(subject, way).await;
            *count = count.zip(left).map(|(count, left)| count + usize::from(left));
        }
    }
    stale
}

/// Nothing where this way has no call for a writer.
async fn race(subject: &'static Subject, way: Way) -> Option<bool> {
    let race: &'static Race = Box::leak(Box::new(Race {
        user: Size::Small.user(),
        version: AtomicU64::new(0),
        began: Semaphore::new(0),
        go: Semaphore::new(0),
    }));
    let id = absent();
    let reader = tokio::spawn(subject.find(way, id, Source::Race(race)));
    race.began.acquire().await.expect("it is never closed").forget();
    let has_writer = subject.write(way, id, race).await;
    race.go.add_permits(Semaphore::MAX_PERMITS / 2);
    reader.await.expect("no panic").expect("a row");
    let after = subject.find(way, id, Source::Race(race)).await.expect("a row");
    has_writer.then_some(after == 0)
}
