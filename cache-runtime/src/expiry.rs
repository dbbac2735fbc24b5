//! The life of an entry: until when it is fresh, and for how long after that it is kept.
//!
//! These are two times. The soft expiry is in the entry's header, and whoever reads decides by it. The hard one
//! is the store's: past it the entry is gone.

use std::time::Duration;

use crate::{
    entry::Header,
    policy::{Policy, RefreshAhead},
};

/// How long one entry lives, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// When the entry is stale, in milliseconds since 1970.
    pub(crate) soft_expiry: u64,
    /// For how long it is fresh, in milliseconds: its ttl as jitter has left it, and at least one.
    pub(crate) ttl: u64,
    /// For how long the store keeps it: while it is fresh, and then for as long as it may be served stale.
    pub(crate) store_ttl: Duration,
    /// Whether it may be served stale at all.
    pub(crate) graceful: bool,
}

/// How much longer a tag's stamp is kept than what carries it: an entry is good for as long as its stamps stand,
/// and they are asked for before it is there, when the ttl that its value may bring is not known yet.
const SPARE: Duration = Duration::from_secs(30 * 24 * 3600);

/// For how long the stamps of an entry's tags are kept, if the store is to keep the entry for `hard`.
pub(crate) fn tag_ttl(hard: Duration) -> Duration {
    hard.saturating_add(SPARE)
}

/// What may be done with an entry that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Serve it.
    Fresh,
    /// Serve it, and renew it ahead of its end.
    Due,
    /// It has expired: serve it, and renew it.
    Revalidate,
    /// It has expired: serve it if the load that should replace it fails.
    Fallback,
    /// It has expired for good.
    Over,
}

/// The age of an entry at `now_ms`. `draw` gives a random number between 0 and 1.
///
/// Without grace it is the store's clock alone that ends an entry, so that clocks that disagree do no harm.
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

/// How long before its end a value is renewed, in the unit of `cost`, the time that its load took: the
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

/// For how long the store keeps an entry that is fresh for `fresh`; without jitter, the longest for its ttl.
pub(crate) fn store_ttl(fresh: Duration, policy: &Policy) -> Duration {
    fresh.saturating_add(grace(policy))
}

/// For how long an entry may be served after it has expired.
fn grace(policy: &Policy) -> Duration {
    policy.stale_while_revalidate.max(policy.stale_if_error)
}

/// `ttl`, shorter by a random part of it between none and `jitter`.
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
        let life = Expiry::new(Duration::from_secs(60), &Policy::ttl(60), NOW);
        let store_ttl = Duration::from_secs(60);
        assert_eq!(
            life,
            Expiry { soft_expiry: NOW + 60_000, ttl: 60_000, store_ttl, graceful: false }
        );
    }

    #[test]
    fn the_longer_of_the_stale_times_is_added_to_what_the_store_keeps() {
        let policy = Policy::ttl(60).stale_while_revalidate(30).stale_if_error(600);
        let life = Expiry::new(Duration::from_secs(60), &policy, NOW);
        let store_ttl = Duration::from_secs(660);
        assert_eq!(
            life,
            Expiry { soft_expiry: NOW + 60_000, ttl: 60_000, store_ttl, graceful: true }
        );
    }

    #[test]
    fn jitter_shortens_by_up_to_its_part_and_spreads_evenly() {
        let policy = Policy::ttl(100).jitter(0.2).stale_if_error(50);
        let ttls: Vec<u64> = (0..2000)
            .map(|_| {
                let life = Expiry::new(Duration::from_secs(100), &policy, NOW);
                assert_eq!(life.soft_expiry, NOW + life.ttl);
                // What the store keeps is exact to the nanosecond, what the header says to the millisecond.
                let kept = life.store_ttl.as_millis() as u64;
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
        // Written without grace, it is the store that ends it, whatever this process' clock says.
        assert_eq!(at(NOW + 1_000_000, &policy, false), Age::Fresh);
        assert_eq!(at(NOW, &Policy::ttl(1), true), Age::Over);
    }

    #[test]
    fn renewal_ahead_is_due_from_its_part_of_the_ttl_on() {
        let policy = Policy::ttl(1).refresh_ahead(0.8);
        assert_eq!(at(NOW - 21, &policy, true), Age::Fresh);
        assert_eq!(at(NOW - 20, &policy, true), Age::Due);
        assert_eq!(at(NOW - 100, &policy, true), Age::Fresh);
    }

    /// The paper's rule is `now - cost * beta * ln(rand()) >= expiry`, so a look that comes `left` before the
    /// end renews with probability `exp(-left / cost)`.
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

    /// A key that is looked at every millisecond on a simulated clock: the time of its first renewal has the
    /// distribution that the looks' probabilities give.
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
        // At its very end a value is always due.
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
