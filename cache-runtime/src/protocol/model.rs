//! The model check: every interleaving of readers and writers on one key, by exhaustive search.
//!
//! What is searched is [`apply`](super::apply) itself, with a version number for a value. Around it stand
//! the actors, written after `read.rs`, `flight.rs`, `write.rs` and `redelivery.rs`. They interleave at the
//! granularity of one step on the store, one statement on the database, or one event in a process.
//!
//! # Actors
//!
//! - **The database**: one row, whose version each committed write makes one greater.
//! - **Three writers.** Each fences, commits and settles, with the version that it committed
//!   (write-through) or without a value (invalidation); or it commits and deletes, without a fence. One may
//!   give up before its commit, and settle. The answer to a fence or to a settlement may be lost, whether
//!   or not the store has taken the step. After a lost fence the writer settles under the epoch that it
//!   proposed; after a lost settlement it deletes, and the settlement may still arrive after that delete. A write is acknowledged as soon as its last step has been taken.
//! - **Two flights**, with room for two or three callers at a time, and for any number in the course of
//!   time. The leader acquires, loads and fills (or releases, if its value is not to be stored), and shares
//!   by the marks; the oldest of the rest leads next. Without a lease it loads and stores nothing. It may be
//!   dropped, and hands its lease over; it may be dropped, or lose patience, when its fill is on the way,
//!   which then arrives at any later time or never (one such fill at a time). When it finds a value it may
//!   also set out to renew it, by its stamp. Two flights are two processes, or two callers of one process
//!   that are not in one flight.
//! - **Death and time.** Every actor may die before any of its steps. Whatever the key holds may expire at
//!   any moment: values, and leases and fences whose owners live.
//!
//! # Properties
//!
//! A write is *in force* from its acknowledgement on; from its commit on, if its fence stood then.
//!
//! - **Never stale after a write.** No caller is handed a version older than one that was in force when it
//!   called ([`Handed`](world::Violation::Handed)); nor does the key hold one, for the next read would find
//!   it ([`Held`](world::Violation::Held)). So no write-through leaves an older value than another's, either.
//! - **Nothing stale at rest.** When nothing runs any more, whoever died where, the key holds no value
//!   older than any write ([`Rest`](world::Violation::Rest)). This does not cover a write that was never
//!   acknowledged and had no fence to keep the promise: its writer deletes only, its fence was not heard to
//!   stand, or the fence expired before the commit (which renewal prevents while the writer lives).
//!
//! # What keeps it small
//!
//! Each of these merges states that no property can tell apart, or lets the model do more than the code:
//!
//! - A mark is taken at the very moment when the store or the database takes the step, the latest at which
//!   it can be right. The code takes it before it sends the step, and so shares with fewer.
//! - To call, to miss and to join are one move. A hit is none: every state is asked what a read would find.
//! - A nonce that the key no longer holds never comes back, since each is drawn anew: all of those are one
//!   ([`NEVER`](world::NEVER)). A lease that was lost and one that was never had are the same, too.
//! - A lease that is given up, an undecodable value that is removed, an acquisition or fence that arrives
//!   after its sender has gone: they do nothing that expiry and death do not.
//! - What was in force when a caller called is remembered only where an older value could reach it; and
//!   actors that differ in nothing but their names are interchangeable.

mod code;
mod explore;
mod flight;
mod rule;
mod world;
mod writer;

use std::time::Instant;

use self::{
    explore::{Trace, explore},
    rule::Rule,
    world::{Model, Violation},
};

/// Searches everything, and prints how much that was, and the way to a violation if there is one.
fn search(model: &Model) -> (usize, Option<Trace>) {
    let began = Instant::now();
    let explored = explore(model);
    let (states, moves) = (explored.states, explored.moves);
    println!("{states} states, {moves} moves, {:.1?}: {model:?}", began.elapsed());
    if let Some(trace) = &explored.violation {
        println!("{trace}");
    }
    (states, explored.violation)
}

#[test]
fn three_writers_and_two_flights_keep_every_promise() {
    let (states, violation) = search(&Model { writers: 3, callers: [2, 2], broken: None });
    assert!(violation.is_none());
    assert!(states > 500_000, "the search was cut short");
}

#[test]
fn leadership_may_pass_on_more_than_once() {
    let (states, violation) = search(&Model { writers: 2, callers: [3, 2], broken: None });
    assert!(violation.is_none());
    assert!(states > 200_000, "the search was cut short");
}

/// What the same search finds when a rule is broken: were it nothing, it would not be much of a search.
fn without(rule: Rule) -> Violation {
    let (_, violation) = search(&Model { writers: 3, callers: [2, 1], broken: Some(rule) });
    violation.expect("a broken rule is noticed").violation
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
