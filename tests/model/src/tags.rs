//! An entry and a tag of it: two keys, which are read and written one at a time.
//!
//! A tag's key is vacant, holds a stamp (a value of nothing else), or is fenced. Who loads asks for the stamp
//! first, and what is stored bears it. An entry is *good* while its tag still holds that very stamp.
//!
//! # Actors
//!
//! - **The database**: one row, whose version each committed write makes one greater.
//! - **Writers that know only the tag**: they fence it, commit, and settle it empty; or commit and delete it. And
//!   **writers that know only the entry's key**: they fence that, and may leave what they committed, under the
//!   tag's stamp from before the commit. Both lose answers, give up, come late and die as in [`key`](super::key).
//! - **An owner**, which fences both and settles both, in either order: it leaves a value under a stamp of its
//!   own, and that stamp on the tag.
//! - **Flights.** The leader asks for a lease, or for the place of a value that is not good; *then* for the tag's
//!   stamp, which is made if there is none; loads; fills, under the stamp; and *then* reads the tag again. Only if
//!   the fill was accepted and the stamp still stood is the value handed to all who had joined by the fill; if not,
//!   to those who had joined when the load began. Under a fenced tag it loads and stores nothing. Where it finds a
//!   value instead of a lease, it asks for the stamp to learn whether that is good, and hands it to those who had
//!   joined when it was found. It may set out to renew a value by its stamp: the same, without a lease. A leader
//!   that is dropped hands on its lease, with the stamp or without. Answers get lost, and fills come late.
//! - **Callers that look** at the tag first, and at the entry then. Who looks at the entry first needs no actor: if
//!   the tag holds the stamp of what was read, it has held it at that very moment, since no stamp comes back. So
//!   what such a caller finds good was good at once, which is asked of every state.
//! - **Expiry** of each key by itself: a stamp that was evicted is gone for ever, and the next one is another.
//!
//! # Beside another version's entry
//!
//! Two versions of a service whose values have different layouts share a key, the *primary*. The version that
//! finds the other's entry there keeps its own beside it, on a key that no writer knows, and records the primary
//! value's stamp as if it were a tag's; but it never makes one. This is the same model (an `overlay`), with the
//! primary for the tag: flights look at it first and ask for their lease then; readers of the other version
//! acquire, fill and renew it at any moment; writers fence it, and leave values there. It holds, and shows that
//! the order in which the lease and the stamp are asked for is of no account, as long as the load comes after both.
//!
//! # A tag that the value names
//!
//! Where only the loaded value names the tag (a flight that `learns`), the stamp is asked for after the load, and counts only if it
//! is older than the load: then it has stood since before, for no stamp comes back. If it is not, or was made by the question,
//! nothing is stored, and the value goes to those who had joined when the load began.
//!
//! # Properties
//!
//! Those of [`key`](super::key), of what a reader finds good.
//!
//! One tag is enough: each further one only makes fewer entries good. And a writer that fences both keys and leaves
//! no value needs no actor: it is one that knows the tag and one that knows the entry, of whom one gives up.

mod author;
mod flight;
mod keys;
mod looker;
mod memory;
mod owner;
mod rule;
mod steps;
mod world;

use self::{rule::Rule, world::FLIGHTS};
use super::{broken, holds, row::Violation};

/// What is searched: how many of each actor there are, and which rule is broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tags {
    /// How many writers know only the tag, and how many only the entry's key.
    tag_writers: usize,
    entry_writers: usize,
    /// Whether there is a writer that knows both.
    owner: bool,
    /// How many callers may wait in each flight at a time.
    callers: [usize; FLIGHTS],
    /// Whether the tag is another version's primary key, whose stamps are compared and never asked for.
    overlay: bool,
    /// Whether only the loaded value names the tag, so that its stamp is asked for after the load.
    learns: bool,
    /// Whether callers also look at the tag first, and then at the entry.
    looks: bool,
    /// Whether fills may be late.
    late: bool,
    /// Whether the tag's server may fall back to an earlier state. The entry's is another one.
    falls: bool,
    broken: Option<Rule>,
}

/// One writer that knows only the tag, and one flight.
const ONE: Tags = Tags {
    tag_writers: 1,
    entry_writers: 0,
    owner: false,
    callers: [2, 0],
    overlay: false,
    learns: false,
    looks: false,
    late: false,
    falls: false,
    broken: None,
};

/// The same, where the tag's server may fall back.
const FALLS: Tags = Tags { falls: true, callers: [2, 0], ..ONE };

/// The same, where only the value names the tag.
const LEARNS: Tags = Tags { learns: true, ..ONE };

/// The same, of an entry that stands beside another version's.
const OVERLAY: Tags = Tags { overlay: true, ..ONE };

#[test]
fn a_writer_that_knows_the_tag_and_one_that_knows_the_entry_are_both_kept_to() {
    holds(&Tags { entry_writers: 1, callers: [2, 1], ..ONE }, 800_000);
}

#[test]
fn fills_may_be_late() {
    holds(&Tags { entry_writers: 1, late: true, ..ONE }, 100_000);
    holds(&Tags { tag_writers: 2, late: true, ..ONE }, 80_000);
}

#[test]
fn the_two_keys_may_be_read_in_either_order() {
    holds(&Tags { entry_writers: 1, callers: [1, 0], looks: true, late: true, ..ONE }, 150_000);
}

#[test]
fn a_writer_may_leave_a_value_under_the_stamp_that_it_leaves_on_the_tag() {
    let owner = Tags { owner: true, callers: [1, 0], late: true, ..ONE };
    holds(&owner, 150_000);
    holds(&Tags { tag_writers: 0, entry_writers: 1, ..owner }, 100_000);
}

#[test]
fn an_entry_beside_another_versions_ends_with_that_one() {
    holds(&Tags { tag_writers: 2, late: true, ..OVERLAY }, 100_000);
    holds(&Tags { callers: [2, 1], ..OVERLAY }, 60_000);
    holds(&Tags { callers: [1, 0], tag_writers: 2, looks: true, ..OVERLAY }, 50_000);
}

#[test]
fn a_value_may_name_its_tag_if_the_stamp_is_older_than_the_load() {
    holds(&Tags { entry_writers: 1, callers: [2, 1], ..LEARNS }, 10_000);
    holds(&Tags { tag_writers: 2, late: true, ..LEARNS }, 10_000);
    holds(&Tags { falls: true, ..LEARNS }, 10_000);
}

#[test]
fn a_stamp_that_may_be_younger_than_the_load_must_not_be_trusted() {
    assert!(matches!(without(Rule::OlderThanLoad, LEARNS), Violation::Held { .. }));
}

#[test]
fn the_tags_server_may_fall_back_to_any_earlier_state() {
    holds(&FALLS, 20_000);
}

#[test]
fn a_stamp_of_another_incarnation_must_not_be_trusted() {
    assert!(matches!(without(Rule::FallenStampIsNone, FALLS), Violation::Held { .. }));
}

/// A refresh could as well keep the stamps of the value that it replaces: they were known before its load,
/// too. It asks anew all the same, since otherwise what it stores could be dead already.
#[test]
fn a_refresh_need_not_ask_for_the_stamp_anew() {
    let broken = Some(Rule::RefreshAsksAnew);
    holds(&Tags { entry_writers: 1, late: true, broken, ..ONE }, 100_000);
    holds(&Tags { callers: [2, 1], broken, ..ONE }, 30_000);
}

/// What the search finds without a rule.
fn without(rule: Rule, model: Tags) -> Violation {
    broken(&Tags { broken: Some(rule), ..model })
}

#[test]
fn a_stamp_must_be_known_before_the_load() {
    for model in [ONE, OVERLAY] {
        assert!(matches!(without(Rule::StampFirst, model), Violation::Held { .. }));
    }
}

#[test]
fn a_stamp_must_never_come_back() {
    for model in [ONE, OVERLAY] {
        assert!(matches!(without(Rule::NewStamp, model), Violation::Held { .. }));
    }
}

#[test]
fn a_writer_of_a_tag_that_may_die_needs_a_fence() {
    for model in [ONE, OVERLAY] {
        assert!(matches!(without(Rule::Fence, model), Violation::Rest { .. }));
    }
}

#[test]
fn followers_need_the_stamp_read_again_with_the_fill() {
    for model in [ONE, OVERLAY] {
        assert!(matches!(without(Rule::ReadAgain, model), Violation::Handed { .. }));
    }
}

#[test]
fn nothing_may_be_stored_under_a_fenced_tag() {
    assert!(matches!(without(Rule::FenceIsNoStamp, ONE), Violation::Held { .. }));
    assert!(matches!(without(Rule::StampSparesFence, ONE), Violation::Rest { .. }));
}

#[test]
fn a_value_that_was_found_is_for_those_who_had_joined_before() {
    let model = Tags { entry_writers: 1, ..ONE };
    assert!(matches!(without(Rule::FoundFirst, model), Violation::Handed { .. }));
}

#[test]
fn a_write_through_must_know_the_stamp_before_its_commit() {
    let model = Tags { entry_writers: 1, ..ONE };
    assert!(matches!(without(Rule::WriteThroughFirst, model), Violation::Held { .. }));
}

#[test]
fn a_writer_may_not_leave_its_stamp_where_others_have_invalidated_the_tag() {
    let model = Tags { owner: true, ..ONE };
    assert!(matches!(without(Rule::OwnStampAlone, model), Violation::Held { .. }));
}
