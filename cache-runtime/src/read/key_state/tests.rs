//! The state machine of one key: what was seen goes in, and what to do next comes out.

use std::time::Duration;

use super::{Acquisition, Judge, KeyState, LeaseIs, Unusable, Want};
use crate::{
    codec::{self, Meta},
    encoding::Encoding,
    entry::Entry,
    expiry::Age,
    lease::Which,
    policy::Policy,
    protocol::{Expected, Fenced, Nonce, Pending, Reply, State},
    stats::NotStored,
    time::Clock,
};

const STAMP: Nonce = Nonce([1; 16]);
const TAG: Nonce = Nonce([2; 16]);
const POLICY: Policy =
    Policy::ttl(60).stale_while_revalidate(60).stale_if_error_duration(Duration::from_secs(600));

fn by<'a>(policy: &'a Policy, tags: &'a [Option<Nonce>], renews: bool) -> Judge<'a> {
    Judge { policy, tags, named: None, renews, clock: Clock::Tokio }
}

/// A number that expires so many seconds from now, under these versions of its tags.
fn entry(expires_in: i64, fingerprint: u64, tags: &[Nonce]) -> Entry {
    stamped(STAMP, expires_in, fingerprint, tags)
}

/// The same, of this stamp.
fn stamped(stamp: Nonce, expires_in: i64, fingerprint: u64, tags: &[Nonce]) -> Entry {
    let soft_expiry = Clock::Tokio.now_ms().saturating_add_signed(expires_in * 1000);
    let meta = Meta { graceful: true, soft_expiry, ttl: 60_000, tags, ..Meta::default() };
    let encoding = Encoding { fingerprint, ..Encoding::DEFAULT };
    codec::encode(&7, stamp, &encoding, meta).expect("a number")
}

fn value(entry: Entry) -> State<Entry> {
    State::Value(entry.stamp(), entry)
}

fn seen(state: State<Entry>, judge: &Judge<'_>) -> KeyState {
    let mut key = KeyState::new("user:1".into());
    assert_eq!(key.want(), Want::Look);
    assert!(key.see(state, judge).is_none());
    key
}

fn leased() -> State<Entry> {
    State::Leased(Nonce([3; 16]))
}

#[test]
fn what_is_found_says_what_comes_next() {
    let judge = by(&POLICY, &[], false);
    let fence = State::Fenced(Fenced { epoch: STAMP, writers: 1, contended: false });
    assert_eq!(seen(State::Vacant, &judge).want(), Want::Acquire);
    assert_eq!(seen(leased(), &judge).want(), Want::Wait);
    assert_eq!(seen(fence, &judge).want(), Want::Load);
    assert_eq!(seen(value(entry(60, 0, &[])), &judge).want(), Want::Serve);
    let pending =
        State::Pending(Pending { stamp: STAMP, contended: false, value: entry(-9, 0, &[]) });
    assert_eq!(seen(pending, &judge).want(), Want::Serve, "newer than anything that could end it");
}

#[test]
fn a_lease_is_asked_for_by_what_stands_in_its_way() {
    let mut key = seen(State::Vacant, &by(&POLICY, &[], false));
    assert_eq!(key.request(), Acquisition::Acquire);
    // Under another version of a tag than the tag has now.
    key = seen(value(entry(60, 0, &[TAG])), &by(&POLICY, &[Some(Nonce([9; 16]))], false));
    assert_eq!(
        (key.want(), key.request()),
        (Want::Acquire, Acquisition::Take(Expected::Value(STAMP)))
    );
    key = seen(value(entry(60, 0, &[TAG])), &by(&POLICY, &[Some(TAG)], false));
    assert_eq!(key.want(), Want::Serve);
    key = KeyState::new("user:1".into());
    let unusable = key.see(State::Unreadable, &by(&POLICY, &[], false));
    assert!(matches!(unusable, Some(Unusable::Foreign)));
    assert_eq!((key.want(), key.request()), (Want::Acquire, Acquisition::Discard));
    // Somebody who puts it back is not fought.
    key.see(State::Unreadable, &by(&POLICY, &[], false));
    assert_eq!(key.want(), Want::Load);
    assert_eq!((key.lease(), key.why_not_storable()), (None, NotStored::Contested));
}

#[test]
fn an_expired_value_is_served_by_who_renews_it_and_replaced_by_who_does_not() {
    let expired = || value(entry(-30, 0, &[]));
    let mut key = seen(expired(), &by(&POLICY, &[], true));
    assert_eq!(key.take_found().map(|hit| hit.age), Some(Age::Revalidate));
    assert!(key.is_answered());
    let key = seen(expired(), &by(&POLICY, &[], false));
    assert_eq!(key.want(), Want::Acquire);
    assert!(matches!(key.request(), Acquisition::Elect { stamp: STAMP, .. }));
    assert!(key.may_serve_at_once());
    // Too old for `stale_while_revalidate`: only for a load that fails.
    let mut key = seen(value(entry(-120, 0, &[])), &by(&POLICY, &[], true));
    assert_eq!(key.want(), Want::Acquire);
    assert!(!key.may_serve_at_once());
    assert!(key.fall_back());
    assert_eq!(key.take_found().map(|hit| hit.age), Some(Age::Fallback));
    // Past every grace.
    let key = seen(value(entry(-3600, 0, &[])), &by(&POLICY, &[], true));
    assert_eq!(key.request(), Acquisition::Take(Expected::Value(STAMP)));
}

#[test]
fn an_election_is_lost_to_whoever_replaces_the_value() {
    let judge = by(&POLICY, &[], false);
    let elected = |reply, now| {
        let mut key = seen(value(entry(-120, 0, &[])), &judge);
        let (lease, _) = key.elected(Which::FIRST, Some(reply), Some(now), &judge);
        (lease, key.want(), key.is_refreshing())
    };
    let stale = || value(entry(-120, 0, &[]));
    let found = |state| Reply::Found(state);
    assert_eq!(elected(Reply::Acquired, stale()), (LeaseIs::Held, Want::Load, true));
    assert_eq!(elected(found(leased()), stale()), (LeaseIs::Gone, Want::Wait, false));
    let mark = value(Entry::tag(Nonce([8; 16])));
    assert_eq!(elected(found(mark), stale()), (LeaseIs::Gone, Want::ServeStale, false));
    let newer = || value(stamped(TAG, 60, 0, &[]));
    assert_eq!(elected(Reply::Acquired, newer()), (LeaseIs::Unwanted, Want::Serve, false));
    assert_eq!(elected(found(leased()), newer()), (LeaseIs::Gone, Want::Serve, false));
    assert_eq!(elected(Reply::Acquired, State::Vacant), (LeaseIs::Unwanted, Want::Acquire, false));
}

#[test]
fn another_call_is_waited_for_and_asked_again() {
    let judge = by(&POLICY, &[], false);
    let mut key = seen(State::Vacant, &judge);
    let (lease, _) = key.acquired(Which::FIRST, Some(Reply::Found(leased())), &judge);
    assert_eq!((lease, key.want()), (LeaseIs::Gone, Want::Wait));
    key.retry();
    assert_eq!(key.want(), Want::Acquire);
    let (lease, _) = key.acquired(Which::FIRST, Some(Reply::Acquired), &judge);
    assert_eq!((lease, key.want(), key.lease()), (LeaseIs::Held, Want::Load, Some(Which::FIRST)));
    // An acquisition without an answer may have succeeded.
    let mut key = seen(State::Vacant, &judge);
    let (lease, _) = key.acquired(Which::FIRST, None, &judge);
    assert_eq!((lease, key.want(), key.lease()), (LeaseIs::Held, Want::Load, None));
    key.retry();
    assert_eq!(key.want(), Want::Load, "the store is not asked again");
}

#[test]
fn an_entry_of_another_layout_is_stood_beside() {
    let mut policy = POLICY;
    policy.encoding.fingerprint = 8;
    let judge = by(&policy, &[], false);
    let mut key = seen(value(entry(60, 7, &[])), &judge);
    assert_eq!(key.want(), Want::Look);
    assert_eq!(key.key(), "user:1#0000000000000008{user:1}");
    assert_eq!(key.beside(), Some(("user:1", STAMP)));
    // Its own entry carries the stamp of the other one.
    assert!(key.see(value(stamped(TAG, 60, 8, &[STAMP])), &judge).is_none());
    assert_eq!(key.want(), Want::Serve);
    // And ends with it.
    assert!(key.see_own_key(State::Vacant, &judge).is_none());
    assert_eq!((key.key(), key.want()), ("user:1", Want::Acquire));
}

#[test]
fn what_another_incarnation_has_left_is_replaced_by_a_lease() {
    let judge = by(&POLICY, &[], false);
    for left in [Expected::Value(STAMP), Expected::Lease(STAMP)] {
        let key = seen(State::Void(left), &judge);
        assert_eq!((key.want(), key.request()), (Want::Acquire, Acquisition::Take(left)));
    }
}

#[test]
fn an_election_of_another_incarnation_is_replaced_once() {
    let judge = by(&POLICY, &[], false);
    let expired = entry(-9, 60, &[]);
    let mut key = seen(State::Value(expired.stamp(), expired.clone()), &judge);
    let left = Expected::Lease(Nonce([9; 16]));
    for wants in [Want::Acquire, Want::Load] {
        let now = Some(State::Value(expired.stamp(), expired.clone()));
        let found = Some(Reply::Found(State::Void(left)));
        let (lease, _) = key.elected(Which::FIRST, found, now, &judge);
        assert_eq!((lease, key.want()), (LeaseIs::Gone, wants));
        if wants == Want::Acquire {
            assert!(matches!(key.request(), Acquisition::Elect { void, .. } if void == Some(left)));
        }
    }
}
