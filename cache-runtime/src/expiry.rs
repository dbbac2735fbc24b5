//! Expiry: until when an entry is fresh, and how long after that the store keeps it.
//!
//! The soft expiry is in the entry's header, and readers decide by it. The store's ttl is the hard limit: after it the
//! entry is gone.

use std::time::Duration;

use crate::{
    entry::Header,
    policy::{Policy, RefreshAhead},
};

/// The expiry of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// When the entry becomes stale, in milliseconds since 1970.
    pub(crate) soft_expiry: u64,
    /// How long it is fresh, in milliseconds: its ttl after jitter, and at least one.
    pub(crate) ttl: u64,
    /// How long the store keeps it: while it is fresh, and then while it may be served stale.
    pub(crate) store_ttl: Duration,
    /// Whether it may be served stale at all.
    pub(crate) graceful: bool,
}

/// How much longer the store keeps the stamp of a tag than an entry that carries it. An entry is valid only while its
/// stamps stand. They are fetched before the load, when the ttl that the value may bring is not known yet.
const TAG_MARGIN: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long the store keeps the stamps of an entry's tags, if it keeps the entry for `store_ttl`.
pub(crate) fn tag_ttl(store_ttl: Duration) -> Duration {
    store_ttl.saturating_add(TAG_MARGIN)
}

/// What may be done with an entry that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Serve it.
    Fresh,
    /// Serve it, and refresh it ahead of its expiry.
    Due,
    /// It has expired: serve it, and refresh it.
    Revalidate,
    /// It has expired: serve it only if the load fails.
    Fallback,
    /// It has expired, and must not be served.
    Over,
}

/// The age of an entry at `now_ms`. `draw` returns a random number between 0 and 1.
///
/// Without a grace period only the store's clock ends an entry, so that clocks that disagree do no harm.
pub(crate) fn age(
    header: &Header,
    policy: &Policy,
    now_ms: u64,
    draw: impl FnOnce() -> f64,
) -> Age {
    let Header { soft_expiry, ttl, cost, graceful, .. } = *header;
    if soft_expiry == 0 || now_ms < soft_expiry || !graceful {
        let due = match policy.refresh_ahead {
            Some(RefreshAhead::At(part)) => {
                let left = soft_expiry.saturating_sub(now_ms);
                ttl.saturating_sub(left) >= part.of_whole(ttl)
            }
            Some(RefreshAhead::XFetch) => {
                let left = soft_expiry.saturating_sub(now_ms) as f64;
                left <= xfetch_gap(f64::from(cost) / 1000.0, draw())
            }
            None => false,
        };
        return if due && soft_expiry != 0 { Age::Due } else { Age::Fresh };
    }
    let over = Duration::from_millis(now_ms - soft_expiry);
    if over < policy.stale_while_revalidate {
        Age::Revalidate
    } else if over < policy.stale_if_error {
        Age::Fallback
    } else {
        Age::Over
    }
}

/// How long before its expiry a value is refreshed, in the unit of `cost`, the time that its load took. This is
/// XFetch of Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", PVLDB
/// 8(8), 2015, figure 2, with a beta of 1. `draw` is between 0 and 1.
fn xfetch_gap(cost: f64, draw: f64) -> f64 {
    cost * -draw.ln()
}

impl Expiry {
    /// The expiry of an entry that is stored at `now_ms` with a ttl of `ttl`. `policy` adds the grace period and
    /// the jitter.
    pub(crate) fn new(ttl: Duration, policy: &Policy, now_ms: u64) -> Expiry {
        let fresh = with_jitter(ttl, policy.jitter.as_f64()).max(Duration::from_millis(1));
        let ttl = u64::try_from(fresh.as_millis()).unwrap_or(u64::MAX);
        Expiry {
            soft_expiry: now_ms.saturating_add(ttl),
            ttl,
            store_ttl: store_ttl(fresh, policy),
            graceful: !grace(policy).is_zero(),
        }
    }
}

/// How long the store keeps an entry that is fresh for `fresh`: until its grace period is over.
pub(crate) fn store_ttl(fresh: Duration, policy: &Policy) -> Duration {
    fresh.saturating_add(grace(policy))
}

/// How long an entry may be served after it has expired.
fn grace(policy: &Policy) -> Duration {
    policy.stale_while_revalidate.max(policy.stale_if_error)
}

/// `ttl`, shortened at random by a fraction between zero and `jitter`.
fn with_jitter(ttl: Duration, jitter: f64) -> Duration {
    if jitter == 0.0 {
        return ttl;
    }
    ttl.mul_f64(1.0 - jitter * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Age, Expiry, age};
    use crate::{entry::Header, policy::Policy};

    const NOW: u64 = 1_700_000_000_000;

    #[test]
    fn a_plain_entry_is_kept_for_as_long_as_it_is_fresh() {
        let expiry = Expiry::new(Duration::from_secs(60), &Policy::ttl(60), NOW);
        let store_ttl = Duration::from_secs(60);
        assert_eq!(
            expiry,
            Expiry { soft_expiry: NOW + 60_000, ttl: 60_000, store_ttl, graceful: false }
        );
    }

    #[test]
    fn the_longer_of_the_stale_times_is_added_to_what_the_store_keeps() {
        let policy = Policy::ttl(60).stale_while_revalidate(30).stale_if_error(600);
        let expiry = Expiry::new(Duration::from_secs(60), &policy, NOW);
        let store_ttl = Duration::from_secs(660);
        assert_eq!(
            expiry,
            Expiry { soft_expiry: NOW + 60_000, ttl: 60_000, store_ttl, graceful: true }
        );
    }

    #[test]
    fn jitter_shortens_by_up_to_its_fraction_and_spreads_evenly() {
        let policy = Policy::ttl(100).jitter(0.2).stale_if_error(50);
        let ttls: Vec<u64> = (0..2000)
            .map(|_| {
                let expiry = Expiry::new(Duration::from_secs(100), &policy, NOW);
                assert_eq!(expiry.soft_expiry, NOW + expiry.ttl);
                // What the store keeps is exact to the nanosecond, what the header says to the millisecond.
                let kept = expiry.store_ttl.as_millis() as u64;
                assert_eq!(kept, expiry.ttl + 50_000);
                expiry.ttl
            })
            .collect();
        assert!(ttls.iter().all(|ttl| (80_000..=100_000).contains(ttl)), "{ttls:?}");
        let mean = ttls.iter().sum::<u64>() as f64 / ttls.len() as f64;
        assert!((mean - 90_000.0).abs() < 1_000.0, "the mean is {mean}");
    }

    #[test]
    fn no_length_overflows_and_none_is_nothing() {
        let policy = Policy::ttl_duration(Duration::MAX).stale_if_error_duration(Duration::MAX);
        let endless = Expiry::new(Duration::MAX, &policy, NOW);
        assert_eq!(
            endless,
            Expiry {
                soft_expiry: u64::MAX,
                ttl: u64::MAX,
                store_ttl: Duration::MAX,
                graceful: true
            }
        );
        let short = Expiry::new(Duration::from_nanos(1), &Policy::ttl(1), NOW);
        let store_ttl = Duration::from_millis(1);
        assert_eq!(short, Expiry { soft_expiry: NOW + 1, ttl: 1, store_ttl, graceful: false });
    }

    fn at(now: u64, policy: &Policy, graceful: bool) -> Age {
        let header = Header { soft_expiry: NOW, ttl: 100, graceful, ..Header::default() };
        age(&header, policy, now, || unreachable!("nothing is left to chance"))
    }

    #[test]
    fn an_expired_entry_is_served_for_as_long_as_its_reader_allows() {
        let policy = Policy::ttl(1).stale_while_revalidate(2).stale_if_error(5);
        let ages = [(0, Age::Revalidate), (1_999, Age::Revalidate), (2_000, Age::Fallback)];
        for (over, expected) in ages.into_iter().chain([(4_999, Age::Fallback), (5_000, Age::Over)])
        {
            assert_eq!(at(NOW + over, &policy, true), expected, "{over} ms over");
        }
        assert_eq!(at(NOW - 1, &policy, true), Age::Fresh);
        // Without a grace period the store ends it, whatever the clock of this process says.
        assert_eq!(at(NOW + 1_000_000, &policy, false), Age::Fresh);
        assert_eq!(at(NOW, &Policy::ttl(1), true), Age::Over);
    }

    #[test]
    fn refresh_ahead_is_due_from_its_fraction_of_the_ttl_on() {
        let policy = Policy::ttl(1).refresh_ahead(0.8);
        assert_eq!(at(NOW - 21, &policy, true), Age::Fresh);
        assert_eq!(at(NOW - 20, &policy, true), Age::Due);
        assert_eq!(at(NOW - 100, &policy, true), Age::Fresh);
    }

    /// The paper's rule is `now - cost * beta * ln(rand()) >= expiry`, so a read that comes `left` before the expiry
    /// refreshes with probability `exp(-left / cost)`.
    #[test]
    fn xfetch_renews_as_early_as_the_paper_says() {
        const LOOKS: usize = 200_000;
        let policy = Policy::ttl(1).xfetch();
        let header = Header { soft_expiry: NOW, ttl: 60_000, cost: 50_000, ..Header::default() };
        let mut rng = fastrand::Rng::with_seed(7);
        for left in [0_u64, 5, 25, 50, 100, 200, 400] {
            let due = (0..LOOKS)
                .filter(|_| age(&header, &policy, NOW - left, || rng.f64()) == Age::Due)
                .count();
            let (measured, formula) = (due as f64 / LOOKS as f64, (-(left as f64) / 50.0).exp());
            println!(
                "{left:>4} ms before the end: {measured:.4} renew, {formula:.4} by the formula"
            );
            let deviation = (formula * (1.0 - formula) / LOOKS as f64).sqrt();
            assert!((measured - formula).abs() <= 5.0 * deviation + 1e-9);
        }
    }

    /// A key is read every millisecond on a simulated clock. The time of its first refresh has the distribution that
    /// the probabilities of the reads give.
    #[test]
    fn xfetch_on_a_simulated_clock_renews_once_in_time() {
        const RUNS: u64 = 20_000;
        const COST: f64 = 50.0;
        let policy = Policy::ttl(1).xfetch();
        let header = Header { soft_expiry: NOW, ttl: 2_000, cost: 50_000, ..Header::default() };
        let mut rng = fastrand::Rng::with_seed(11);
        let first = |rng: &mut fastrand::Rng| {
            (0..2_000_u64)
                .rev()
                .find(|left| age(&header, &policy, NOW - left, || rng.f64()) == Age::Due)
        };
        let firsts: Vec<u64> = (0..RUNS).filter_map(|_| first(&mut rng)).collect();
        // At its expiry a value is always due.
        assert_eq!(firsts.len() as u64, RUNS);
        for bound in [100, 150, 200, 250, 300] {
            let earlier = firsts.iter().filter(|&&left| left >= bound).count() as f64 / RUNS as f64;
            let spared: f64 =
                (bound..2_000).map(|left| 1.0 - (-(left as f64) / COST).exp()).product();
            println!(
                "renewed {bound} ms or more ahead: {earlier:.4}, {:.4} by the formula",
                1.0 - spared
            );
            assert!((earlier - (1.0 - spared)).abs() < 0.02);
        }
    }
}
