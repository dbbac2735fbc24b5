//! A database that is unavailable now and then, on a paused clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::sleep;

use crate::{Cache, Policy, WriteBehind};

/// A flusher with smaller batches finds the larger batch that another process has left, so it has several batches in
/// its buffer. The database refuses one of the first writes, and is then unavailable for less than `patience`.
#[tokio::test(start_paused = true)]
async fn a_database_has_been_away_since_it_last_took_something() {
    const POISON: u64 = 1;
    let cache = Cache::in_memory();
    let queue: WriteBehind<u64> = cache.write_behind("numbers", &Policy::ttl(3600));
    for number in [POISON, 2, 3, 4] {
        queue.write(number.to_string(), &number).await.expect("there is room");
    }
    let tried = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tried);
    let first = queue.clone().batch(4).flusher(move |_: Vec<u64>| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Err::<(), _>("not now") }
    });
    while tried.load(Ordering::Relaxed) == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    drop(first);

    let away = Arc::new(AtomicU32::new(5));
    let patient = queue.clone().batch(2).attempts(1).patience(Duration::from_secs(30));
    let second = patient.flusher(move |numbers: Vec<u64>| {
        let away = Arc::clone(&away);
        async move {
            sleep(Duration::from_secs(6)).await;
            let runs = |left: u32| left.checked_sub(1);
            match numbers[..] {
                [POISON, ..] => Err("one breaks a constraint"),
                [3 | 4, ..]
                    if away.fetch_update(Ordering::Relaxed, Ordering::Relaxed, runs).is_ok() =>
                {
                    Err("away")
                }
                _ => Ok(()),
            }
        }
    });
    second.shutdown().await;
    let letters = queue.dead_letters(10).await.expect("the store is there");
    let dead: Vec<_> = letters.into_iter().map(|letter| letter.value).collect();
    assert_eq!(dead, [Ok(POISON)]);
}
