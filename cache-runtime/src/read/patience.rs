//! How long a caller waits for another process, and how often it looks.

use std::time::Duration;

use tokio::time;

use crate::{policy::Policy, time::jittered};

/// The patience of one call, which begins to run out when it is made.
pub(super) struct Patience {
    began: time::Instant,
    wait: Duration,
}

impl Patience {
    /// Looking this often costs a server little.
    const SHORTEST: Duration = Duration::from_millis(2);
    const LONGEST: Duration = Duration::from_millis(50);

    pub(super) fn new(policy: &Policy) -> Self {
        Patience { began: time::Instant::now(), wait: policy.wait }
    }

    /// Pauses before the next look: an eighth of the time waited so far, so that what polling adds stays
    /// in proportion to the load that is waited for. False when there is no time left.
    pub(super) async fn pause(&self) -> bool {
        let waited = self.began.elapsed();
        let left = self.wait.saturating_sub(waited);
        let pause = jittered((waited / 8).clamp(Self::SHORTEST, Self::LONGEST));
        time::sleep(pause.min(left)).await;
        !left.is_zero()
    }
}
