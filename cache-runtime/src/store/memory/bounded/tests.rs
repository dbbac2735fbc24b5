//! Bounds by bytes: of values, of stamps beside them, of what is too large, and of what has expired.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::{super::limits::Limits, Bounded, LOOK, SWEEP_EVERY};
use crate::{
    codec, encoding::Encoding, entry::Entry, protocol::Nonce, store::memory::timed::Timed,
};

const MIB: u64 = 1 << 20;

fn of_bytes(max_bytes: u64) -> Bounded {
    Bounded::new(Limits { max_bytes, max_values: None })
}

fn value(bytes: usize) -> Timed<Entry> {
    let text = "x".repeat(bytes);
    let entry = codec::encode(&text, Nonce([1; 16]), &Encoding::DEFAULT, codec::Meta::default());
    Timed { held: entry.expect("a text"), ends: None }
}

fn stamp() -> Timed<Entry> {
    Timed { held: Entry::tag(Nonce([2; 16])), ends: None }
}

fn there(kept: &Bounded, keys: impl Iterator<Item = String>) -> usize {
    keys.filter(|key| kept.get(key, Instant::now()).is_some()).count()
}

#[test]
fn whatever_is_stored_all_of_it_stays_within_the_bytes() {
    for max_bytes in [64 << 10, MIB, 40 * MIB] {
        let kept = of_bytes(max_bytes);
        let mut rng = fastrand::Rng::with_seed(max_bytes);
        for n in 0..20_000 {
            let key = format!("key:{}", rng.u32(..5_000));
            match rng.u8(..10) {
                0 => kept.remove(&key),
                1..4 => drop(kept.get(&key, Instant::now())),
                4 => _ = kept.insert(&format!("tag:{n}"), stamp()),
                5 => _ = kept.insert(&key, stamp()),
                _ => _ = kept.insert(&key, value(rng.usize(..30_000))),
            }
        }
        let (_, bytes) = kept.held();
        assert!((max_bytes / 3..=max_bytes).contains(&bytes), "{bytes} of {max_bytes}");
    }
}

#[test]
fn neither_values_nor_stamps_push_the_others_out() {
    let kept = of_bytes(4 * MIB);
    let tags = || (0..500).map(|n| format!("tag:{n}"));
    tags().for_each(|tag| assert!(kept.insert(&tag, stamp())));
    for n in 0..50_000 {
        kept.insert(&format!("key:{n}"), value(300));
    }
    assert_eq!(there(&kept, tags()), 500);
    // All stamps together have half of the store at most.
    let (before, _) = kept.held();
    for n in 0..100_000 {
        kept.insert(&format!("other:{n}"), stamp());
    }
    let (after, bytes) = kept.held();
    assert!(after >= before / 2 && bytes <= 4 * MIB, "{before}, then {after} values");
}

#[test]
fn what_is_too_large_is_not_kept_and_leaves_nothing_older_in_its_place() {
    let kept = of_bytes(MIB);
    assert!(kept.insert("key", value(100)));
    assert!(!kept.insert("key", value(2 << 20)));
    assert!(kept.get("key", Instant::now()).is_none());
    assert!(kept.insert("key", value(300_000)), "a third of the store is not too large");
    // The limit for a value leaves room in any store of the usual size.
    assert!(Bounded::new(Limits::DEFAULT).insert("key", value(14 << 20)));
}

#[test]
fn a_bound_of_values_holds_as_well() {
    for most in [1, 2, 3, 10, 1_000, 20_000] {
        let kept = Bounded::new(Limits { max_values: Some(most), ..Limits::DEFAULT });
        for n in 0..50_000 {
            kept.insert(&format!("key:{n}"), value(10));
        }
        let (values, _) = kept.held();
        assert!(values as u64 <= most && values as u64 >= most.div_ceil(2), "{values} of {most}");
        // The last ones that were stored are among them.
        let newest = (most / 4).max(1);
        let last = (50_000 - newest..50_000).map(|n| format!("key:{n}"));
        assert_eq!(
            there(&kept, last),
            if most < 20_000 { newest as usize } else { 2_000 },
            "{most}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_takes_no_room_for_ever() {
    let kept = of_bytes(64 * MIB);
    let ends = |after| Some(Instant::now() + after);
    for n in 0..10_000 {
        let (key, tag) = (format!("key:{n}"), format!("tag:{n}"));
        kept.insert(&key, Timed { ends: ends(Duration::from_secs(1)), ..value(300) });
        kept.insert(&tag, Timed { ends: ends(Duration::from_secs(1)), ..stamp() });
        kept.sweep(Instant::now());
    }
    assert_eq!(kept.len(), 20_000);
    // One that is asked for goes at once.
    advance(Duration::from_secs(1)).await;
    assert!(kept.get("key:1", Instant::now()).is_none());
    assert_eq!(kept.len(), 19_999);
    // Some more are stored later.
    advance(SWEEP_EVERY).await;
    for n in 0..LOOK {
        kept.insert(&format!("later:{n}"), value(300));
        kept.sweep(Instant::now());
    }
    assert_eq!(kept.len(), LOOK);
}
