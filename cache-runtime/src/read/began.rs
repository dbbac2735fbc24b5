//! When a load began, by two clocks: that of the runtime, which a test can hold, and one that goes on while the machine sleeps.

use std::time::Duration;

use tokio::time::Instant;

#[cfg(feature = "redis")]
use crate::boot_clock;

/// When a load began.
#[derive(Clone, Copy)]
pub(super) struct Began {
    at: Instant,
    #[cfg(feature = "redis")]
    by_boot_clock: boot_clock::Time,
}

impl Began {
    pub(super) fn now() -> Began {
        Began {
            at: Instant::now(),
            #[cfg(feature = "redis")]
            by_boot_clock: boot_clock::now(),
        }
    }

    /// How long ago that was, by the clock of the runtime.
    pub(super) fn elapsed(self) -> Duration {
        self.at.elapsed()
    }

    /// How long ago it was at most: by whichever clock says more, and a quarter, by which another machine's clock may run
    /// faster while it is being corrected.
    pub(super) fn at_most(self) -> Duration {
        let elapsed = self.elapsed();
        #[cfg(feature = "redis")]
        let elapsed = elapsed.max(boot_clock::now().since(self.by_boot_clock));
        elapsed + elapsed / 4 + Duration::from_millis(1)
    }
}
