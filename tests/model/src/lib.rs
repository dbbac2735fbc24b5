//! The model check: every interleaving of readers and writers, by exhaustive search.
//!
//! What is searched is [`apply`](cache_runtime::protocol::apply) itself, with a version number for a value. Around it stand
//! the actors, written after `read`, `flight.rs`, `write`, `write_behind` and `guard`. They interleave at the
//! granularity of one step on one key of the store, one statement on the database, or one event in a process.
//!
//! There are four models, so that each can be searched to its end:
//!
//! - [`key`]: one key, with every way to lose an answer, to give up and to overlap;
//! - [`tags`]: an entry and a tag of it, whose keys are read and written one at a time; and an entry that
//!   stands beside another version's;
//! - [`pending`]: one key that is written behind, and written directly too;
//! - [`copies`]: an entry and its tag, of which processes keep copies of their own. It counts time, and says for itself what is
//!   owed there.
//!
//! In the others every actor may die before any of its steps, and whatever a key holds may expire at any moment:
//! values, and leases and fences whose owners live. Only what is pending does not expire.
//!
//! # What is owed
//!
//! A write is *in force* from its acknowledgement on, which comes with its last step; from its commit on, if a
//! fence of it stood then. No reader who calls from then on may get anything older.
//!
//! It is *kept* if, with everyone at rest, nothing older may be found for ever after. This does not cover a
//! write that was never acknowledged and had no fence to keep the promise: its writer deletes only, its fence was
//! not heard to stand, or the fence expired before the commit, although its renewal would have found it. (Where it
//! would not have, it is no excuse: the writer has no other means.)
//!
//! # What keeps the models small
//!
//! Each of these merges states that no property can tell apart, or lets the model do more than the code:
//!
//! - A mark is taken at the very moment when the store or the database takes the step, the latest at which
//!   it can be right. The code takes it before it sends the step, and so shares with fewer.
//! - To call, to miss and to join are one move. A hit is none: every state is asked what a read would find.
//! - A nonce that a key no longer holds never comes back, since each is drawn anew: all of those are one
//!   ([`NEVER`](state::NEVER)). A lease that was lost and one that was never had are the same, too.
//! - A lease that is given up, an undecodable value that is removed, an acquisition or fence that arrives
//!   after its sender has gone: they do nothing that expiry and death do not.
//! - What was in force when a caller called is remembered only where an older value could reach it; and
//!   actors that differ in nothing but their names are interchangeable.
//!
//! A merge can hide what a broken rule does, so every rule is broken in turn, and the search has to notice. It
//! prints the shortest way to what it finds (`cargo test -p cache-model -- --nocapture`).

#![cfg(test)]

mod callers;
mod code;
mod copies;
mod explore;
mod key;
mod pending;
mod row;
mod server;
mod state;
mod tags;
mod writer;

use std::time::Instant;

use self::explore::{Model, Trace, explore};

/// Searches everything, and prints how much that was, and the way to a violation if there is one.
fn search<M: Model>(model: &M) -> (usize, Option<Trace>) {
    let began = Instant::now();
    let explored = explore(model);
    let (states, moves) = (explored.states, explored.moves);
    println!("{states} states, {moves} moves, {:.1?}: {model:?}", began.elapsed());
    if let Some(trace) = &explored.violation {
        println!("{trace}");
    }
    (states, explored.violation)
}

/// Searches the whole of a model that breaks no rule, or none that matters.
#[track_caller]
fn holds<M: Model>(model: &M, least: usize) {
    let (states, violation) = search(model);
    assert!(violation.is_none(), "the search found a violation");
    assert!(states > least, "the search was cut short");
}

/// What a search finds when a rule is broken: were it nothing, it would not be much of a search.
#[track_caller]
fn broken<M: Model>(model: &M) -> row::Violation {
    let (_, violation) = search(model);
    violation.expect("a broken rule is noticed").violation
}
