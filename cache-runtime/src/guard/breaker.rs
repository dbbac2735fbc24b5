//! The circuit breaker: after some failures in a row a store is left alone until a probe has been answered.
//!
//! It only keeps count. [`probe`](super::probe) asks the server, and [`Guard`](super::Guard) asks the breaker. Each server
//! of a store has [its own](super::servers).
//!
//! What counts is whether the store serves: no answer in time, no connection, and an answer such as `LOADING` are
//! failures. An answer that refuses one operation (`OOM`, `READONLY`) is none. It came in time from a server that is
//! there, and other operations may go on.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::stats::{Breaker as Phase, StoreCounters};

const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;
const PHASE: u64 = 3;

/// What the breaker was like when an operation began: its phase, and how often it had been closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BreakerSnapshot(u64);

impl BreakerSnapshot {
    fn phase(self) -> Phase {
        match self.0 & PHASE {
            CLOSED => Phase::Closed,
            OPEN => Phase::Open,
            _ => Phase::HalfOpen,
        }
    }

    pub(super) fn is_closed(self) -> bool {
        self.0 & PHASE == CLOSED
    }
}

pub(super) struct Breaker {
    /// So many failures in a row open it.
    threshold: u32,
    /// The phase, and above it how often it has been closed: what began before that says nothing of now.
    state: AtomicU64,
    failures: AtomicU32,
    /// Since when it is open. Whoever changes the phase holds it, so that what is published is the last change.
    since: Mutex<Option<Instant>>,
    counters: Arc<StoreCounters>,
    /// Whether a task is probing.
    pub(super) probed: AtomicBool,
    /// Told of an answer that came although it is open.
    pub(super) sign_of_life: Notify,
    /// Told whenever it closes.
    closing: Arc<Notify>,
}

impl Breaker {
    /// A closed one. `closing` is told whenever it closes.
    pub(super) fn new(
        threshold: u32,
        counters: &Arc<StoreCounters>,
        closing: &Arc<Notify>,
    ) -> Breaker {
        Breaker {
            threshold,
            state: AtomicU64::new(CLOSED),
            failures: AtomicU32::new(0),
            since: Mutex::new(None),
            counters: Arc::clone(counters),
            probed: AtomicBool::new(false),
            sign_of_life: Notify::new(),
            closing: Arc::clone(closing),
        }
    }

    /// What an operation that begins now has to go by.
    pub(super) fn snapshot(&self) -> BreakerSnapshot {
        BreakerSnapshot(self.state.load(Ordering::Acquire))
    }

    /// Notes that an operation that began when it was like this has been answered.
    pub(super) fn answered(&self, seen: BreakerSnapshot) {
        if !seen.is_closed() {
            self.sign_of_life.notify_one();
        } else if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Notes that an operation has failed that began when it was like this. Says whether that has opened it.
    pub(super) fn failed(&self, seen: BreakerSnapshot) -> bool {
        if !seen.is_closed() || self.snapshot() != seen {
            return false;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures < self.threshold {
            return false;
        }
        let mut since = self.since();
        let opened = self.change(|state| (state == seen.0).then_some(state | OPEN));
        if opened {
            *since = Some(Instant::now());
            self.counters.opened.add_one();
        }
        opened
    }

    /// A probe is under way, or not any more.
    pub(super) fn probing(&self, is_under_way: bool) {
        let phase = if is_under_way { HALF_OPEN } else { OPEN };
        let _since = self.since();
        self.change(|state| (state & PHASE != CLOSED).then_some(state & !PHASE | phase));
    }

    /// Closes it. Says for how long it was open, if it was.
    pub(super) fn close(&self) -> Option<Duration> {
        self.failures.store(0, Ordering::Relaxed);
        let mut since = self.since();
        let closed =
            self.change(|state| (state & PHASE != CLOSED).then_some((state & !PHASE) + PHASE + 1));
        self.closing.notify_waiters();
        since.take().filter(|_| closed).map(|since| since.elapsed())
    }

    /// Changes the state, unless there is none to change to, and publishes the phase. Says whether it has.
    fn change(&self, to: impl FnMut(u64) -> Option<u64>) -> bool {
        let changed = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, to);
        if let Ok(before) = changed {
            self.counters.breaker(BreakerSnapshot(before).phase(), self.snapshot().phase());
        }
        changed.is_ok()
    }

    /// Each change is whole before anything can panic.
    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever waits for it whenever it closes.
    pub(super) fn closing(&self) -> &Arc<Notify> {
        &self.closing
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::time::advance;

    use super::{Breaker, Phase};

    fn breaker(threshold: u32) -> Breaker {
        Breaker::new(threshold, &Arc::default(), &Arc::default())
    }

    fn fail(breaker: &Breaker) -> bool {
        breaker.failed(breaker.snapshot())
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let breaker = breaker(3);
        for _ in 0..10 {
            assert!(!fail(&breaker));
            assert!(!fail(&breaker));
            breaker.answered(breaker.snapshot());
        }
        assert!(!fail(&breaker));
        assert!(!fail(&breaker));
        assert_eq!(breaker.snapshot().phase(), Phase::Closed);
        assert!(fail(&breaker));
        assert_eq!(breaker.snapshot().phase(), Phase::Open);
        assert!(!fail(&breaker), "it opens once");
    }

    #[test]
    fn a_probe_makes_it_half_open_and_an_answer_closes_it() {
        let breaker = breaker(1);
        breaker.probing(true);
        assert_eq!(breaker.snapshot().phase(), Phase::Closed, "a probe opens nothing");
        assert!(fail(&breaker));
        breaker.probing(true);
        assert_eq!(breaker.snapshot().phase(), Phase::HalfOpen);
        breaker.probing(false);
        assert_eq!(breaker.snapshot().phase(), Phase::Open);
        assert!(breaker.close().is_some());
        assert_eq!(breaker.snapshot().phase(), Phase::Closed);
        assert!(breaker.close().is_none(), "it was closed");
        assert!(fail(&breaker), "the count begins anew");
    }

    #[test]
    fn what_began_before_it_closed_says_nothing_of_now() {
        let breaker = breaker(1);
        let before = breaker.snapshot();
        assert!(breaker.failed(before));
        let open = breaker.snapshot();
        breaker.close();
        assert!(!breaker.failed(before));
        assert!(!breaker.failed(open));
        assert_eq!(breaker.snapshot().phase(), Phase::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn it_says_for_how_long_it_was_open() {
        let breaker = breaker(1);
        fail(&breaker);
        advance(Duration::from_secs(7)).await;
        assert_eq!(breaker.close(), Some(Duration::from_secs(7)));
    }
}
