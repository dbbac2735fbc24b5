//! One key that is written behind, while others write it directly.
//!
//! # Actors
//!
//! Those of [`key`](super::key), with one or two writers, and besides:
//!
//! - **Writes that are accepted**, in an order, each with its stamp: to be accepted is one step together with the
//!   key, which is [pending](cache_runtime::protocol::State::Pending) from then on. One pending value takes another's place.
//! - **A flush**: it commits an accepted write, lands it by its stamp, and takes it out of the queue with all before
//!   it. It may die anywhere in between, and another begins again: it commits the same write once more, or a later
//!   one. In the code, landing and leaving the queue are one step; but a flusher that has been deposed may land what
//!   its successor has already taken, and commits again after that. What does not happen is that an earlier write is
//!   committed after a later one. (That would take a flusher that was deposed while its statement was on the way; the
//!   database can refuse it by the write's place.)
//!
//! A caller that calls while a value is pending finds it, and joins no flight.
//!
//! # Properties
//!
//! - **Accepted is seen.** Until the newest accepted write has landed, the key holds it, whatever else happens to
//!   the key ([`Lost`](Violation::Lost)); and who called since is handed nothing that was committed before it was
//!   accepted ([`Handed`](Violation::Handed)).
//! - **Never older than the database** once nothing is pending: as in [`key`](super::key). The order of the
//!   versions is that of the commits. So a write that is committed again becomes the newest, over a direct write in
//!   between, and all its copies with it; and it is in force when it has landed. Between a direct write and one that
//!   is accepted and has not landed there is no order: the pending value is shown, and the database ends with
//!   whichever is committed last.
//!
//! What is pending is thought not to be evicted, and not to become a dead letter. A landing that comes late, when
//! another flush has landed the same, does no more than expiry, and marks a fence.

mod world;

use super::{
    broken, holds,
    key::{self, Key, pending::Rule},
    row::Violation,
};

/// What is searched: how many writes are accepted, and what else is done with the key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Behind {
    writes: u8,
    key: Key,
}

const fn behind(writes: u8, writers: usize, callers: [usize; 2]) -> Behind {
    Behind { writes, key: Key { writers, callers, ..Key::CALM } }
}

#[test]
fn what_is_accepted_is_seen_until_it_has_landed() {
    holds(&behind(3, 0, [2, 1]), 40_000);
}

#[test]
fn a_direct_writer_and_writes_behind_keep_their_promises() {
    holds(&behind(2, 1, [2, 0]), 80_000);
    holds(&behind(2, 1, [1, 1]), 150_000);
}

#[test]
fn two_direct_writers_may_contend_under_a_pending_value() {
    holds(&behind(1, 2, [2, 0]), 300_000);
}

/// What the search finds without a rule.
fn without(rule: Rule) -> Violation {
    let mut model = behind(2, 1, [1, 0]);
    model.key.broken = Some(key::Rule::Pending(rule));
    broken(&model)
}

#[test]
fn a_pending_value_must_outlive_fences_and_deletes() {
    assert_eq!(without(Rule::FenceSpares), Violation::Lost);
    assert_eq!(without(Rule::DeleteSpares), Violation::Lost);
}

#[test]
fn whoever_writes_past_a_pending_value_must_mark_it() {
    for rule in [Rule::PendMarks, Rule::FenceMarks] {
        assert!(matches!(without(rule), Violation::Rest { .. }));
    }
    for rule in [Rule::SettleMarks, Rule::DeleteMarks] {
        assert!(matches!(without(rule), Violation::Held { .. }));
    }
}

#[test]
fn what_is_contended_must_land_as_a_fence() {
    assert!(matches!(without(Rule::LandsNoValue), Violation::Held { .. }));
    assert!(matches!(without(Rule::LandsFence), Violation::Rest { .. }));
}

#[test]
fn a_flush_must_commit_before_it_lands_and_land_what_it_committed() {
    assert!(matches!(without(Rule::CommitFirst), Violation::Held { .. }));
    assert_eq!(without(Rule::LandsItsOwn), Violation::Lost);
}

#[test]
fn a_write_that_is_flushed_again_must_empty_the_key() {
    assert!(matches!(without(Rule::LandEmpties), Violation::Held { .. }));
    assert!(matches!(without(Rule::LandEmptiesItsOwn), Violation::Held { .. }));
}

#[test]
fn a_writer_must_renew_what_has_taken_the_place_of_its_fence() {
    assert!(matches!(without(Rule::RenewsWhatStands), Violation::Rest { .. }));
}

#[test]
fn a_pending_value_must_not_be_renewed() {
    assert!(matches!(without(Rule::NoRefresh), Violation::Held { .. }));
}
