//! What callers report of their reads, and what is counted of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which function was read through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Function {
    /// Cached without `lock`.
    Plain,
    /// Cached with `lock`.
    Locked,
    /// Cached under a tag, which is all that its writers know.
    Tagged,
    /// Cached for a moment, then served stale while it is renewed, or renewed ahead.
    Fresh,
    /// Cached, and left there by writers.
    Through,
    /// Cached without `lock`, read with others in a batch.
    Many,
    /// `GET`, and on a miss a load and a `SET`.
    ByHand,
}

/// One read, as its caller saw it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// The row that was read.
    pub row: usize,
    /// How it was read.
    pub function: Function,
    /// Its floor when the read began.
    pub floor: u64,
    /// The version that the read returned.
    pub version: u64,
    /// Whether this very call loaded it.
    pub loaded: bool,
}

/// What reads through one function were answered by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answers {
    /// Reads that returned.
    pub reads: u64,
    /// Those that were answered by the cache, or by another call's load.
    pub hits: u64,
}

/// What has been seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Reads that returned.
    pub reads: u64,
    /// Reads that were answered by the cache, or by another call's load.
    pub hits: u64,
    /// Writes that were acknowledged.
    pub writes: u64,
    /// Writes whose invalidation had not reached the store when they returned.
    pub unreached: u64,
    /// Reads of less than the floor.
    pub stale: u64,
}

/// What one process' cache has counted.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Calls answered by the store, or by a copy of what it holds.
    pub hits: u64,
    /// Those that a copy has answered.
    pub local_hits: u64,
    /// Calls answered by another call's load.
    pub coalesced: u64,
    /// Loaded values that a write kept from being stored.
    pub superseded: u64,
    /// Operations on the store that failed.
    pub store_errors: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { reads, hits, writes, unreached, stale } = self;
        write!(
            f,
            "{reads} reads ({hits} without a load of their own), {writes} writes acknowledged, \
             {unreached} that had not reached the store, {stale} stale reads"
        )
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} reads, {} of them hits", self.reads, self.hits)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { hits, local_hits, coalesced, superseded, store_errors } = self;
        write!(
            f,
            "{hits} hits, {local_hits} of them local, {coalesced} shared loads, {superseded} superseded, {store_errors} store errors"
        )
    }
}
