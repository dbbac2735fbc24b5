//! Local copies: what processes keep of an entry, and of its tag, to answer hits without asking the server.
//!
//! # Actors
//!
//! - **The server**: the keys, on which it takes [`Step`](cache_runtime::protocol::Step)s, and a table of who tracks which of them. A read
//!   that wants a copy has its key tracked for its connection. When the key changes, the server writes a push into the
//!   connection's line at that moment, behind the replies that are there already, and tracks it no more. A value is evicted
//!   with a push; one whose life ends goes without, and so do leases and fences that expire. A flush empties all keys, and
//!   writes one push to everybody.
//! - **Processes.** Each has a *tracking connection* of its own, over which nothing but its reads that want copies and its `PING`s
//!   goes, two at a time at most. Its driver takes what arrives in its order. A push takes the copy away, and moves the
//!   counter of its stripe; the lease is renewed by an answer, from when its command was *sent*; a reply goes to its caller, who
//!   inserts the copy at any later time, if neither the counter nor the connection has changed since the read was sent and no
//!   writer of this process waits for the answer to a step.
//! - **Connections** are lost, with all their copies, and others take their places. Or they are half-open: nothing arrives any
//!   more that the server writes.
//! - **A loader** of any process acquires, loads and fills, over ordinary connections. What it fills is no copy.
//! - **Writers**, in a process that keeps copies or elsewhere: they fence, have their body, and settle, with a value or without;
//!   or their caller has committed, and they delete, or put the value (a fence and a settlement). A writer takes its
//!   process' copy away before it sends a step and when that is answered. Who dies is one that never goes on.
//! - **Time** passes in ticks, the same for all. Everybody else does nothing for as many as they please: a process may stand
//!   still while its clock goes on.
//!
//! A call reads the time, looks whether the lease covers that, and takes the copy: in one move, or in three.
//!
//! # Properties
//!
//! A write is in force as in every model: from its commit on if its fence stood then, otherwise from its return on.
//!
//! - **Bounded**: a hit is no older than a write in force whose fence was taken one lease's length before the call, or earlier
//!   ([`Copied`](Violation::Copied)). A write without a fence counts from its delete, and so does one whose fence had expired
//!   when it committed, from its settlement. In its own process, no hit is older than a write in force.
//! - **Strict**: no hit is older than a write in force. For that, the body begins a lease's length after the fence was answered, and what
//!   changes a value without a fence returns that long after it was confirmed. To commit is the first thing that a body
//!   does here, so nobody hits a copy from before the fence once it has begun.
//! - No copy is served after the end of the life that its value had on the server ([`Outlived`](Violation::Outlived)).
//!
//! What the steps do to each other on the server is the subject of [`key`](super::key) and [`tags`](super::tags); here there is just
//! enough of it that copies can be wrong. Processes have nothing to do with each other's copies, so in most of what is searched
//! only one keeps any.

mod held;
mod link;
mod loader;
mod process;
mod rule;
mod server;
mod steps;
mod world;
mod writer;

use self::{
    held::Key::{self, Entry, Tag},
    rule::Rule,
    world::WRITERS,
    writer::{
        Kind::{self, Deletes, Fences, Puts},
        Role,
    },
};
use super::{broken, holds, row::Violation};

/// What is searched: who there is, what may happen, and which rule is broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copies {
    /// The length of the lease, in ticks.
    lease: u8,
    /// How many processes keep copies.
    processes: usize,
    /// How many commands of a process may be under way.
    commands: usize,
    writers: [Option<Role>; WRITERS],
    /// Whether writers wait until older copies are not served any more.
    strict: bool,
    /// Whether the entry has a tag.
    tagged: bool,
    /// Whether connections break.
    breaks: bool,
    /// Whether values may be evicted, and leases and fences expire.
    expires: bool,
    /// Whether the server may be flushed, once.
    flushes: bool,
    /// Whether values have a life that ends by itself.
    lives: bool,
    /// Whether calls take their time to hit. If not, what they would hit at once is asked of every state.
    slow: bool,
    broken: Option<Rule>,
}

const fn one(kind: Kind, key: Key, process: usize) -> [Option<Role>; WRITERS] {
    [Some(Role { kind, key, process }), None]
}

/// The first process that keeps copies, and one that keeps none.
const OWN: usize = 0;
const OTHER: usize = 2;

/// One process that keeps copies, and a writer elsewhere.
const BOUNDED: Copies = Copies {
    lease: 1,
    processes: 1,
    commands: 2,
    writers: one(Fences, Entry, OTHER),
    strict: false,
    tagged: false,
    breaks: true,
    expires: false,
    flushes: false,
    lives: false,
    slow: false,
    broken: None,
};

const STRICT: Copies = Copies { strict: true, ..BOUNDED };

const MODES: [Copies; 2] = [BOUNDED, STRICT];

#[test]
fn a_hit_is_no_older_than_the_mode_allows() {
    holds(&Copies { lease: 2, ..BOUNDED }, 50_000);
    holds(&Copies { lease: 2, ..STRICT }, 15_000);
    for mode in MODES {
        holds(&Copies { writers: one(Deletes, Entry, OTHER), ..mode }, 10_000);
        holds(&Copies { writers: one(Puts, Entry, OTHER), ..mode }, 5_000);
    }
}

#[test]
fn a_writers_own_process_never_hits_what_it_has_written_over() {
    for mode in MODES {
        for kind in [Fences, Deletes, Puts] {
            holds(&Copies { writers: one(kind, Entry, OWN), ..mode }, 8_000);
        }
    }
}

#[test]
fn writers_may_overlap() {
    for mode in MODES {
        for kind in [Fences, Deletes] {
            let [first, _] = mode.writers;
            let [second, _] = one(kind, Entry, OTHER);
            holds(&Copies { commands: 1, breaks: false, writers: [first, second], ..mode }, 10_000);
        }
    }
}

#[test]
fn two_processes_may_keep_copies_of_which_one_writes() {
    let writers = one(Fences, Entry, OWN);
    holds(&Copies { processes: 2, commands: 1, breaks: false, writers, ..BOUNDED }, 100_000);
}

#[test]
fn values_may_be_evicted_and_leases_and_fences_expire() {
    for mode in MODES {
        holds(&Copies { expires: true, commands: 1, ..mode }, 10_000);
    }
}

#[test]
fn the_server_may_be_flushed() {
    for mode in MODES {
        holds(&Copies { flushes: true, commands: 1, ..mode }, 10_000);
    }
}

#[test]
fn a_copy_ends_with_its_value() {
    for mode in MODES {
        let mode = Copies { lives: true, commands: 1, ..mode };
        holds(&mode, 5_000);
        holds(&Copies { writers: one(Deletes, Entry, OTHER), ..mode }, 5_000);
    }
}

#[test]
fn an_entry_and_its_tag_may_both_be_copied() {
    for mode in MODES {
        for key in [Entry, Tag] {
            let writers = one(Fences, key, OTHER);
            holds(&Copies { tagged: true, commands: 1, writers, ..mode }, 10_000);
        }
    }
}

#[test]
fn a_call_may_take_its_time_to_hit() {
    for mode in MODES {
        holds(&Copies { slow: true, commands: 1, ..mode }, 10_000);
    }
}

/// What the search finds without a rule.
fn without(rule: Rule, model: Copies) -> Violation {
    broken(&Copies { broken: Some(rule), ..model })
}

#[track_caller]
fn in_both_modes_serves_an_older_copy(rule: Rule) {
    MODES.iter().for_each(|&mode| serves_an_older_copy(rule, mode));
}

#[track_caller]
fn serves_an_older_copy(rule: Rule, model: Copies) {
    assert!(matches!(without(rule, model), Violation::Copied { .. }));
}

#[test]
fn a_copy_is_inserted_only_if_nothing_was_heard_of_its_key_since_it_was_asked_for() {
    in_both_modes_serves_an_older_copy(Rule::Counter);
}

#[test]
fn a_copy_is_inserted_only_for_the_connection_that_tracks_it() {
    in_both_modes_serves_an_older_copy(Rule::Generation);
}

#[test]
fn copies_go_with_a_push_and_with_their_connection() {
    in_both_modes_serves_an_older_copy(Rule::PushTakes);
    in_both_modes_serves_an_older_copy(Rule::LossTakes);
}

#[test]
fn an_answer_renews_the_lease_from_when_its_command_was_sent() {
    in_both_modes_serves_an_older_copy(Rule::SentTime);
}

#[test]
fn a_flush_must_move_the_counters() {
    for mode in MODES {
        let flushes = Copies { flushes: true, commands: 1, ..mode };
        serves_an_older_copy(Rule::FlushMoves, flushes);
    }
}

#[test]
fn a_tag_must_be_tracked() {
    for mode in MODES {
        let writers = one(Fences, Tag, OTHER);
        let tagged = Copies { tagged: true, commands: 1, writers, ..mode };
        serves_an_older_copy(Rule::TagTracked, tagged);
    }
}

/// In strict mode it waits until those that it kept are not served any more.
#[test]
fn a_writer_must_take_the_copy_away_once_its_step_is_answered() {
    let own = Copies { writers: one(Fences, Entry, OWN), ..BOUNDED };
    serves_an_older_copy(Rule::WriterTakes, own);
    serves_an_older_copy(Rule::WriterMoves, own);
    holds(&Copies { writers: own.writers, broken: Some(Rule::WriterTakes), ..STRICT }, 8_000);
}

/// The counter has moved when the step is answered, so whatever was asked for before is not inserted after that; and what is
/// inserted before is taken away then.
#[test]
fn a_copy_could_be_inserted_while_a_writer_waits_for_its_answer() {
    for mode in MODES {
        let broken = Some(Rule::NoneMeanwhile);
        holds(&Copies { writers: one(Fences, Entry, OWN), broken, ..mode }, 8_000);
    }
}

#[test]
fn in_strict_mode_a_body_must_wait_for_the_whole_lease() {
    serves_an_older_copy(Rule::BodyWaits, STRICT);
    serves_an_older_copy(Rule::WaitsWhole, Copies { lease: 2, ..STRICT });
}

#[test]
fn in_strict_mode_a_write_without_a_fence_must_wait_before_it_returns() {
    for kind in [Deletes, Puts] {
        let writers = one(kind, Entry, OTHER);
        serves_an_older_copy(Rule::ReturnWaits, Copies { writers, ..STRICT });
    }
}

#[test]
fn in_strict_mode_a_write_whose_fence_was_lost_must_wait_before_it_returns() {
    serves_an_older_copy(Rule::LostFenceWaits, Copies { expires: true, ..STRICT });
}

#[test]
fn a_hit_must_look_at_the_lease_before_it_takes_the_copy() {
    for mode in MODES {
        serves_an_older_copy(Rule::LeaseFirst, Copies { slow: true, commands: 1, ..mode });
    }
}

#[test]
fn a_deadline_counts_from_when_it_was_asked_for() {
    let lives = Copies { lives: true, commands: 1, writers: [None; 2], lease: 2, ..BOUNDED };
    assert_eq!(without(Rule::DeadlineSent, lives), Violation::Outlived);
}
