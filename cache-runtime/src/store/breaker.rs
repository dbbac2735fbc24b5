//! The circuit breaker of a server: after some failures in a row the server is left alone until a probe is answered.
//!
//! Each server has its own, since what fails on one says nothing about the others. It only keeps count: the guard asks it
//! before an operation, and probes its server while it is open.
//!
//! What counts is whether the server serves. No answer in time, no connection, and an answer such as `LOADING` are
//! failures. An answer that refuses one operation (`OOM`, `READONLY`) is none: it came in time from a server that is
//! there, and other operations may succeed.

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

/// A breaker's phase when an operation began, and how often it had closed by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BreakerSnapshot(u64);

impl BreakerSnapshot {
    /// The snapshot of a store that never fails.
    pub(crate) const CLOSED: BreakerSnapshot = BreakerSnapshot(CLOSED);

    fn phase(self) -> Phase {
        match self.0 & PHASE {
            CLOSED => Phase::Closed,
            OPEN => Phase::Open,
            _ => Phase::HalfOpen,
        }
    }

    pub(crate) fn is_closed(self) -> bool {
        self.0 & PHASE == CLOSED
    }
}

/// What the breakers of a store share.
#[derive(Clone, Default)]
pub(crate) struct Breakers {
    /// How many failures in a row open one.
    pub(crate) threshold: u32,
    pub(crate) counters: Arc<StoreCounters>,
    /// Notified whenever one of them closes.
    pub(crate) closing: Arc<Notify>,
}

pub(crate) struct Breaker {
    shared: Breakers,
    /// The phase, and above it how often it has closed: an operation that began before that says nothing about now.
    state: AtomicU64,
    failures: AtomicU32,
    /// Locked while the phase changes, so that the phase that is published last is the current one.
    open: Mutex<Opened>,
    /// Whether a task probes the server.
    pub(crate) probed: AtomicBool,
    /// Notified of an answer that came although it is open.
    pub(crate) sign_of_life: Notify,
}

/// The last time that it opened.
#[derive(Default)]
struct Opened {
    /// Since when it is open, if it is.
    since: Option<Instant>,
    reason: OpenReason,
}

/// Why a breaker opened.
#[derive(Clone, Default)]
pub(crate) struct OpenReason {
    /// The failure.
    pub(crate) error: Arc<str>,
    /// A key of the server, for probes to read. None where any key will do.
    pub(crate) key: Option<Arc<str>>,
}

impl Breaker {
    /// A closed breaker.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "the embedded store has none"))]
    pub(crate) fn new(shared: &Breakers) -> Breaker {
        Breaker {
            shared: shared.clone(),
            state: AtomicU64::new(CLOSED),
            failures: AtomicU32::new(0),
            open: Mutex::default(),
            probed: AtomicBool::new(false),
            sign_of_life: Notify::new(),
        }
    }

    /// The snapshot for an operation that begins now.
    pub(crate) fn snapshot(&self) -> BreakerSnapshot {
        BreakerSnapshot(self.state.load(Ordering::Acquire))
    }

    /// An operation that began at `seen` has been answered.
    pub(crate) fn answered(&self, seen: BreakerSnapshot) {
        if !seen.is_closed() {
            self.sign_of_life.notify_one();
        } else if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// An operation that began at `seen` has failed. Returns whether that opens the breaker, for `reason`.
    pub(crate) fn failed(
        &self,
        seen: BreakerSnapshot,
        reason: impl FnOnce() -> OpenReason,
    ) -> bool {
        if !seen.is_closed() || self.snapshot() != seen {
            return false;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures < self.shared.threshold {
            return false;
        }
        let mut open = self.open();
        let opened = self.change(|state| (state == seen.0).then_some(state | OPEN));
        if opened {
            *open = Opened { since: Some(Instant::now()), reason: reason() };
            self.shared.counters.opened.add_one();
        }
        opened
    }

    /// A probe begins or ends.
    pub(crate) fn probing(&self, is_under_way: bool) {
        let phase = if is_under_way { HALF_OPEN } else { OPEN };
        let _open = self.open();
        self.change(|state| (state & PHASE != CLOSED).then_some(state & !PHASE | phase));
    }

    /// Closes it. Returns for how long it was open, if it was.
    pub(crate) fn close(&self) -> Option<Duration> {
        self.failures.store(0, Ordering::Relaxed);
        let mut open = self.open();
        let closed =
            self.change(|state| (state & PHASE != CLOSED).then_some((state & !PHASE) + PHASE + 1));
        self.shared.closing.notify_waiters();
        open.since.take().filter(|_| closed).map(|since| since.elapsed())
    }

    /// Changes the state to what `to` returns, if anything, and publishes the phase. Returns whether it has.
    fn change(&self, to: impl FnMut(u64) -> Option<u64>) -> bool {
        let changed = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, to);
        if let Ok(before) = changed {
            self.shared.counters.breaker(BreakerSnapshot(before).phase(), self.snapshot().phase());
        }
        changed.is_ok()
    }

    /// Why it opened last.
    pub(crate) fn reason(&self) -> OpenReason {
        self.open().reason.clone()
    }

    /// Each change is whole before anything can panic.
    fn open(&self) -> MutexGuard<'_, Opened> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Breaker {
    /// A server that is gone no longer counts as open.
    fn drop(&mut self) {
        self.shared.counters.breaker(self.snapshot().phase(), Phase::Closed);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::time::advance;

    use super::{Breaker, BreakerSnapshot, Breakers, OpenReason, Phase};
    use crate::stats::StoreCounters;

    fn breaker(threshold: u32) -> Breaker {
        Breaker::new(&Breakers { threshold, ..Breakers::default() })
    }

    fn failed(breaker: &Breaker, seen: BreakerSnapshot) -> bool {
        breaker.failed(seen, OpenReason::default)
    }

    fn fail(breaker: &Breaker) -> bool {
        failed(breaker, breaker.snapshot())
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
        assert!(failed(&breaker, before));
        let open = breaker.snapshot();
        breaker.close();
        assert!(!failed(&breaker, before));
        assert!(!failed(&breaker, open));
        assert_eq!(breaker.snapshot().phase(), Phase::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn it_says_for_how_long_it_was_open() {
        let breaker = breaker(1);
        fail(&breaker);
        advance(Duration::from_secs(7)).await;
        assert_eq!(breaker.close(), Some(Duration::from_secs(7)));
    }

    #[test]
    fn one_that_is_gone_is_not_counted_as_open() {
        let counters = Arc::<StoreCounters>::default();
        let shared =
            Breakers { threshold: 1, counters: Arc::clone(&counters), ..Breakers::default() };
        let breaker = Breaker::new(&shared);
        fail(&breaker);
        assert_eq!(counters.snapshot("").breaker, Phase::Open);
        drop(breaker);
        assert_eq!(counters.snapshot("").breaker, Phase::Closed);
    }
}
