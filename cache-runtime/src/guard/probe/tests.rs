//! Recovery on a paused clock, of a store that answers as the test says.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{PATIENCE, ProbeTarget, Prober};
use crate::{
    error::Error,
    store::breaker::{Breaker, Breakers, OpenReason},
};

const DEADLINE: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_secs(1);
const SECOND: Duration = Duration::from_secs(1);

/// A store. Each answer takes so long; the last one is given again and again.
struct Store {
    breaker: Arc<Breaker>,
    answers: Mutex<VecDeque<(Duration, bool)>>,
    probes: AtomicU64,
    up: Notify,
    renewed: AtomicU64,
    reconnected: AtomicU64,
}

impl Store {
    /// A store whose breaker is open, and the task that probes it.
    fn open(answers: impl IntoIterator<Item = (Duration, bool)>) -> (Arc<Store>, JoinHandle<()>) {
        let store = Arc::new(Store {
            breaker: Arc::new(Breaker::new(&Breakers { threshold: 1, ..Breakers::default() })),
            answers: Mutex::new(answers.into_iter().collect()),
            probes: AtomicU64::new(0),
            up: Notify::new(),
            renewed: AtomicU64::new(0),
            reconnected: AtomicU64::new(0),
        });
        assert!(store.breaker.failed(store.breaker.snapshot(), OpenReason::default));
        store.breaker.probed.store(true, Ordering::Release);
        let target = Target { store: Arc::downgrade(&store), breaker: Arc::clone(&store.breaker) };
        let task = tokio::spawn(Prober::of(target).run());
        (store, task)
    }

    fn probes(&self) -> u64 {
        self.probes.load(Ordering::Relaxed)
    }

    fn is_closed(&self) -> bool {
        self.breaker.snapshot().is_closed()
    }
}

/// What is probed, for as long as the test needs it.
struct Target {
    store: Weak<Store>,
    breaker: Arc<Breaker>,
}

impl Target {
    fn store(&self) -> Arc<Store> {
        self.store.upgrade().expect("it is needed")
    }
}

impl ProbeTarget for Target {
    fn is_gone(&self) -> bool {
        self.store.strong_count() == 0
    }

    fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    fn deadline(&self) -> Duration {
        DEADLINE
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    async fn probe(&self) -> Result<(), Error> {
        let gone = || Error::Unavailable("nobody needs it".into());
        let store = self.store.upgrade().ok_or_else(gone)?;
        store.probes.fetch_add(1, Ordering::Relaxed);
        let (time, succeeds) = {
            let mut answers = store.answers.lock().expect("nobody panics");
            let answer = answers.pop_front().expect("there is an answer");
            if answers.is_empty() {
                answers.push_back(answer);
            }
            answer
        };
        sleep(time).await;
        if succeeds { Ok(()) } else { Err(Error::Unavailable("no".into())) }
    }

    fn connection_id(&self) -> Option<u64> {
        None
    }

    async fn connection_other_than(&self, _old: Option<u64>) {
        if let Some(store) = self.store.upgrade() {
            store.up.notified().await;
        }
    }

    fn renew_all(&self) {
        self.store().renewed.fetch_add(1, Ordering::Relaxed);
    }

    async fn reconnect_all(&self) {
        let store = self.store();
        assert!(!store.is_closed(), "before anyone is let through");
        store.reconnected.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_back_the_moment_it_answers() {
    let (store, task) = Store::open([(3 * SECOND, true), (Duration::ZERO, true)]);
    let began = Instant::now();
    task.await.expect("it ends");
    assert!(store.is_closed());
    assert_eq!(began.elapsed().as_secs(), 3, "there is no pause after an answer");
    assert_eq!((store.probes(), store.reconnected.load(Ordering::Relaxed)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_probed_once_in_a_while() {
    let (store, _task) = Store::open([(Duration::ZERO, false)]);
    sleep(20 * SECOND).await;
    assert!(!store.is_closed());
    assert!((20..=41).contains(&store.probes()), "{} probes", store.probes());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_up_is_tried_without_waiting_for_the_end_of_a_pause() {
    let (store, task) = Store::open([(Duration::ZERO, false), (Duration::ZERO, true)]);
    let began = Instant::now();
    sleep(PAUSE / 4).await;
    assert_eq!(store.probes(), 1);
    store.up.notify_one();
    task.await.expect("it ends");
    assert!(store.is_closed());
    assert!(began.elapsed() < PAUSE / 2);
}

#[tokio::test(start_paused = true)]
async fn connections_that_come_only_to_go_are_not_tried_without_pause() {
    let (store, _task) = Store::open([(Duration::ZERO, false)]);
    let comes = async {
        loop {
            store.up.notify_one();
            sleep(Duration::from_millis(1)).await;
        }
    };
    _ = tokio::time::timeout(SECOND, comes).await;
    assert!(store.probes() <= 21, "{} probes in a second", store.probes());
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_an_answer_is_given_up() {
    let (store, task) = Store::open([(1000 * SECOND, true), (Duration::ZERO, true)]);
    sleep(PATIENCE - DEADLINE).await;
    assert_eq!(store.renewed.load(Ordering::Relaxed), 0);
    task.await.expect("it ends");
    assert_eq!(store.renewed.load(Ordering::Relaxed), 1);
    assert!(store.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_too_slow_is_left_alone() {
    let (store, _task) = Store::open([(DEADLINE * 2, true)]);
    sleep(10 * SECOND).await;
    assert!(!store.is_closed());
    assert!((45..=51).contains(&store.probes()), "one at a time: {}", store.probes());
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_gone_needs_no_probes() {
    let (store, task) = Store::open([(Duration::ZERO, false)]);
    sleep(SECOND).await;
    drop(store);
    task.await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn whoever_finds_no_probe_under_way_can_start_one() {
    let (store, task) = Store::open([(Duration::ZERO, false)]);
    sleep(SECOND).await;
    assert!(store.breaker.probed.load(Ordering::Acquire));
    // As when its runtime shuts down.
    task.abort();
    assert!(task.await.is_err());
    assert!(!store.breaker.probed.load(Ordering::Acquire));
}
