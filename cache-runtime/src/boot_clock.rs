//! A clock that goes on while the machine sleeps: a lease must not outlast a suspended laptop or virtual machine.

use std::time::Duration;

/// A time, in nanoseconds since some moment before this process began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(pub(crate) u64);

impl Time {
    /// Before any other, and so long ago that no lease began then.
    pub(crate) const LONG_AGO: Time = Time(0);

    pub(crate) const FOREVER: Time = Time(u64::MAX);

    pub(crate) fn plus(self, time: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The time so long before.
    pub(crate) fn before(self, time: Duration) -> Time {
        Time(self.0.saturating_sub(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was.
    pub(crate) fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The time now.
#[cfg(unix)]
pub(crate) fn now() -> Time {
    use rustix::time::{ClockId, Timespec, clock_gettime};

    // The monotonic clock of Linux stands while the machine sleeps; that of other systems does not.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;

    let Timespec { tv_sec, tv_nsec } = clock_gettime(CLOCK);
    Time((tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(tv_nsec as u64))
}

/// The time now.
#[cfg(not(unix))]
pub(crate) fn now() -> Time {
    use std::{sync::LazyLock, time::Instant};

    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    Time(
        u64::try_from(BEGIN.elapsed().as_nanos())
            .unwrap_or(u64::MAX - 1)
            .saturating_add(1_000_000_000),
    )
}
