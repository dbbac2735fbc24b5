//! One key, as readers and writers use it: the heart of the protocol.
//!
//! # Actors
//!
//! - **The database**: one row, whose version each committed write makes one greater.
//! - **Three writers.** Each is a transaction, within which functions write and return. It fences, commits and settles, with the version that it committed
//!   (write-through) or without a value (invalidation); or it commits and deletes, without a fence. One may
//!   give up before its commit, and settle. The answer to a fence or to a settlement may be lost, whether
//!   or not the store has taken the step. After a lost fence the writer settles under the epoch that it
//!   proposed; after a lost settlement it releases its fence, if that is its own alone, and deletes, and the settlement
//!   may still arrive in between or after that.
//! - **Two flights**, with room for two or three callers at a time, and for any number in the course of
//!   time. The leader acquires, loads and fills (or releases, if its value is not to be stored), and shares
//!   by the marks; the oldest of the rest leads next. Without a lease it loads and stores nothing. It may be
//!   dropped, and hands its lease over; it may be dropped, or lose patience, when its fill is on the way,
//!   which then arrives at any later time or never (one such fill at a time). When it finds a value it may
//!   also set out to renew it, by its stamp. Two flights are two processes, or two callers of one process
//!   that are not in one flight. A follower may take over from a leader that has loaded or is about to, which then goes on by
//!   itself (one such at a time): its value still goes to its caller, and by the marks to those who wait.
//! - **Death and time**, as in every model.
//!
//! # Properties
//!
//! - **Never stale after a write.** No caller is handed a version older than one that was in force when it
//!   called ([`Handed`](Violation::Handed)); nor does the key hold one, for the next read would find it
//!   ([`Held`](Violation::Held)). So no write-through leaves an older value than another's, either.
//! - **Nothing stale at rest.** When nothing runs any more, whoever died where, the key holds no value
//!   older than any write ([`Rest`](Violation::Rest)).

mod flight;
mod rule;
mod steps;
mod world;

use self::world::FLIGHTS;
pub(super) use self::{
    flight::FlightMove,
    rule::{Rule, pending},
    steps::Move,
    world::World,
};
use super::{broken, holds, row::Violation};

/// What is searched: how many of each actor there are, and which rule is broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) writers: usize,
    /// How many callers may wait in each flight at a time.
    pub(super) callers: [usize; FLIGHTS],
    pub(super) broken: Option<Rule>,
    /// Whether others may come between the release and the delete that replace a settlement.
    pub(super) apart: bool,
    /// Whether a follower may take over.
    pub(super) overtaken: bool,
    /// Whether the server may fall back to an earlier state.
    pub(super) falls: bool,
}

impl Key {
    /// Nobody does anything, and nothing unusual happens.
    pub(super) const CALM: Key = Key {
        writers: 0,
        callers: [0, 0],
        broken: None,
        apart: false,
        overtaken: false,
        falls: false,
    };
}

#[test]
fn three_writers_and_two_flights_keep_every_promise() {
    holds(&Key { writers: 3, callers: [2, 1], ..Key::CALM }, 500_000);
}

#[test]
fn leadership_may_pass_on_more_than_once() {
    holds(&Key { writers: 2, callers: [3, 2], ..Key::CALM }, 500_000);
}

/// One whose followers may take over.
const OVERTAKEN: Key = Key { writers: 2, callers: [2, 0], overtaken: true, ..Key::CALM };

#[test]
fn a_follower_may_take_over_from_a_leader_that_goes_on() {
    holds(&OVERTAKEN, 50_000);
}

#[test]
fn who_was_taken_over_from_stores_only_under_its_own_lease() {
    let key = Key { callers: [3, 0], broken: Some(Rule::FormerLease), ..OVERTAKEN };
    assert!(matches!(broken(&key), Violation::Held { .. }));
}

#[test]
fn who_was_taken_over_from_shares_by_its_own_marks() {
    let key = Key { callers: [3, 0], broken: Some(Rule::FormerMarks), ..OVERTAKEN };
    assert!(matches!(broken(&key), Violation::Handed { .. }));
}

#[test]
fn others_may_come_between_what_replaces_a_settlement() {
    holds(&Key { writers: 2, callers: [2, 1], apart: true, ..Key::CALM }, 100_000);
}

/// One whose server may fall back.
const FALLS: Key = Key { writers: 2, callers: [1, 0], falls: true, ..Key::CALM };

#[test]
fn the_server_may_fall_back_to_any_earlier_state() {
    holds(&FALLS, 100_000);
    holds(&Key { writers: 1, callers: [1, 1], ..FALLS }, 10_000);
}

#[test]
fn what_is_of_another_incarnation_must_not_be_trusted() {
    let found = |rule| broken(&Key { broken: Some(rule), ..FALLS });
    assert!(matches!(found(Rule::Incarnations), Violation::Held { .. }));
    assert!(matches!(found(Rule::FillsWhereAcquired), Violation::Held { .. }));
    assert!(matches!(found(Rule::FallenFenceStands), Violation::Rest { .. }));
}

/// What the search finds without a rule.
fn without(rule: Rule) -> Violation {
    broken(&Key { writers: 3, callers: [2, 1], broken: Some(rule), ..Key::CALM })
}

#[test]
fn a_fill_needs_its_own_lease() {
    assert!(matches!(without(Rule::OwnLease), Violation::Held { .. }));
}

#[test]
fn every_acquisition_needs_a_new_token() {
    assert!(matches!(without(Rule::NewToken), Violation::Held { .. }));
}

#[test]
fn a_writer_that_may_die_needs_a_fence() {
    assert!(matches!(without(Rule::Fence), Violation::Rest { .. }));
}

#[test]
fn a_transaction_must_be_settled_after_its_commit() {
    assert!(matches!(without(Rule::Scope), Violation::Held { .. }));
}

#[test]
fn writers_that_overlap_must_mark_it() {
    for rule in [Rule::Contention, Rule::FenceMarks, Rule::StrangerMarks, Rule::DeleteMarks] {
        assert!(matches!(without(rule), Violation::Held { .. }));
    }
}

#[test]
fn a_delete_must_spare_a_fence() {
    assert!(matches!(without(Rule::DeleteSparesFence), Violation::Rest { .. }));
}

#[test]
fn a_settlement_without_its_fence_must_empty_the_key() {
    assert!(matches!(without(Rule::LostFenceEmpties), Violation::Held { .. }));
}

#[test]
fn a_lost_settlement_must_not_be_told_again() {
    assert!(matches!(without(Rule::SettleOnce), Violation::Rest { .. }));
}

#[test]
fn a_value_without_proof_is_not_for_all_who_wait() {
    assert!(matches!(without(Rule::Marks), Violation::Handed { .. }));
}

#[test]
fn only_a_fence_of_ones_own_may_be_released() {
    assert!(matches!(without(Rule::ReleasesOwn), Violation::Rest { .. }));
}
