//! How long a caller waits for another process, and how often it looks.

use std::time::Duration;

use tokio::time;

use crate::{policy::Policy, time::jittered};

/// The patience of one call, which begins to run out when it is made.
#[derive(Clone, Copy)]
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{self, Instant};

    use crate::{
        Cache, Policy,
        protocol::{Reply, Step},
        time::nonce,
    };

    const LOCKED: Policy = Policy::ttl(60).wait(Duration::from_secs(10));

    /// Another process loads the row, and works at it for ever.
    #[tokio::test(start_paused = true)]
    async fn who_takes_over_from_one_that_waited_has_waited_too() {
        let (cache, began) = (Cache::in_memory(), Instant::now());
        let guard = cache.inner.guard.as_ref().expect("it is not disabled");
        let leased = Step::Acquire { token: nonce(), life: Duration::from_secs(3600) };
        assert_eq!(guard.run("row:1", leased).await, Ok(Reply::Acquired));
        let call = |cache: Cache| async move {
            cache.get_or_load("row:1", &LOCKED, async || Some(began.elapsed())).await
        };
        let first = time::timeout(Duration::from_secs(9), call(cache.clone()));
        let (first, loaded) = tokio::join!(first, call(cache.clone()));
        assert_eq!(first.ok(), None, "it went away while it waited");
        assert_eq!(loaded, Some(Duration::from_secs(10)));
    }
}
