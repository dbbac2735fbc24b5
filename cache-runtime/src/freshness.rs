//! The life of an entry: until when it is fresh, and for how long after that it is kept.
//!
//! These are two times. The soft expiry is in the entry's header, and whoever reads decides by it. The hard one
//! is the store's: past it the entry is gone.

use std::time::Duration;

use crate::policy::Policy;

/// How long one entry lives, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// When the entry is stale, in milliseconds since 1970.
    pub(crate) soft_expiry: u64,
    /// For how long it is fresh, in milliseconds: its ttl as jitter has left it, and at least one.
    pub(crate) ttl: u64,
    /// For how long the store keeps it: while it is fresh, and then for as long as it may be served stale.
    pub(crate) hard: Duration,
}

/// The life of an entry that is stored at `now_ms` with a time to live of `ttl`, as `policy` lengthens and
/// spreads it.
pub(crate) fn life(ttl: Duration, policy: &Policy, now_ms: u64) -> Life {
    let fresh = spread(ttl, policy.jitter.as_f64()).max(Duration::from_millis(1));
    let stale = policy.stale_while_revalidate.max(policy.stale_if_error);
    let ttl = u64::try_from(fresh.as_millis()).unwrap_or(u64::MAX);
    Life { soft_expiry: now_ms.saturating_add(ttl), ttl, hard: fresh.saturating_add(stale) }
}

/// `ttl`, shorter by a random part of it between none and `jitter`.
fn spread(ttl: Duration, jitter: f64) -> Duration {
    if jitter == 0.0 {
        return ttl;
    }
    ttl.mul_f64(1.0 - jitter * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Life, life};
    use crate::policy::Policy;

    const NOW: u64 = 1_700_000_000_000;

    #[test]
    fn a_plain_entry_is_kept_for_as_long_as_it_is_fresh() {
        let life = life(Duration::from_secs(60), &Policy::ttl(60), NOW);
        let hard = Duration::from_secs(60);
        assert_eq!(life, Life { soft_expiry: NOW + 60_000, ttl: 60_000, hard });
    }

    #[test]
    fn the_longer_of_the_stale_times_is_added_to_what_the_store_keeps() {
        let policy = Policy::ttl(60).stale_while_revalidate(30).stale_if_error(600);
        let life = life(Duration::from_secs(60), &policy, NOW);
        let hard = Duration::from_secs(660);
        assert_eq!(life, Life { soft_expiry: NOW + 60_000, ttl: 60_000, hard });
    }

    #[test]
    fn jitter_shortens_by_up_to_its_part_and_spreads_evenly() {
        let policy = Policy::ttl(100).jitter(0.2).stale_if_error(50);
        let ttls: Vec<u64> = (0..2000)
            .map(|_| {
                let life = life(Duration::from_secs(100), &policy, NOW);
                assert_eq!(life.soft_expiry, NOW + life.ttl);
                // What the store keeps is exact to the nanosecond, what the header says to the millisecond.
                let kept = life.hard.as_millis() as u64;
                assert_eq!(kept, life.ttl + 50_000);
                life.ttl
            })
            .collect();
        assert!(ttls.iter().all(|ttl| (80_000..=100_000).contains(ttl)), "{ttls:?}");
        let mean = ttls.iter().sum::<u64>() as f64 / ttls.len() as f64;
        assert!((mean - 90_000.0).abs() < 1_000.0, "the mean is {mean}");
    }

    #[test]
    fn no_length_overflows_and_none_is_nothing() {
        let policy = Policy::ttl_duration(Duration::MAX).stale_if_error_duration(Duration::MAX);
        let endless = life(Duration::MAX, &policy, NOW);
        assert_eq!(endless, Life { soft_expiry: u64::MAX, ttl: u64::MAX, hard: Duration::MAX });
        let short = life(Duration::from_nanos(1), &Policy::ttl(1), NOW);
        let hard = Duration::from_millis(1);
        assert_eq!(short, Life { soft_expiry: NOW + 1, ttl: 1, hard });
    }
}
