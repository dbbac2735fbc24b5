//! Queues of writes that are on their way to the database: the types of both stores.
//!
//! A write is accepted in one atomic step: it joins the end of its queue, and its key becomes pending with the
//! same value, so that readers see what will be in the database. It leaves in one step too, when it is there.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use crate::{entry::Entry, key, protocol::Nonce};

/// The stored names of a queue's parts.
#[cfg_attr(
    not(feature = "redis"),
    allow(dead_code, reason = "the embedded store has no keys for these")
)]
pub(crate) struct Names {
    /// The name that the user gave it.
    pub(crate) title: Box<str>,
    /// The writes, in the order in which they were accepted.
    pub(crate) queue: Arc<str>,
    /// The dead letters: writes that the database refuses.
    pub(crate) dead: Box<str>,
    /// Which key has which dead letter.
    pub(crate) index: Box<str>,
    /// The lease of the one process that flushes.
    pub(crate) leader: Arc<str>,
    /// Whether this process has asked what a crash would lose.
    pub(crate) checked: AtomicBool,
}

impl Names {
    pub(crate) fn new(namespace: Option<&str>, title: &str) -> Names {
        let stored = |kind| key::stored_queue(namespace, kind, title);
        Names {
            title: title.into(),
            queue: stored("queue").into(),
            dead: stored("dead").into(),
            index: stored("dead-keys").into(),
            leader: stored("flusher").into(),
            checked: AtomicBool::new(false),
        }
    }
}

/// One write in a queue.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its place: greater than that of every write before it.
    pub(crate) seq: i64,
    /// The stored key.
    pub(crate) key: Arc<str>,
    /// The value. None where this version of the library cannot read it.
    pub(crate) entry: Option<Entry>,
}

impl Item {
    /// The stamp under which the key is pending.
    pub(crate) fn stamp(&self) -> Nonce {
        self.entry.as_ref().map_or(Nonce([0; 16]), Entry::stamp)
    }
}

/// The outcome of an attempt to queue a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enqueued {
    Accepted,
    /// So many are waiting already.
    Full(u64),
}

/// What a flusher has taken.
#[derive(Debug)]
pub(crate) enum Taken {
    /// These, and whether there are more that were taken before.
    Items { items: Vec<Item>, more: bool },
    /// Somebody else flushes by now.
    Deposed,
}

/// Writes of one key that are in the database.
pub(crate) struct Landing<'a> {
    pub(crate) key: &'a str,
    /// The last one's stamp.
    pub(crate) stamp: Nonce,
    /// For how long the last one's value may be kept.
    pub(crate) life: Option<Duration>,
    /// The places of all of them.
    pub(crate) seqs: &'a [i64],
}

/// A write that the database refuses.
pub(crate) struct DeadLetterRequest<'a> {
    pub(crate) item: &'a Item,
    /// Its place, after those of the writes that it replaced.
    pub(crate) seqs: &'a [i64],
    /// The database's error.
    pub(crate) error: &'a str,
    /// How often it was tried.
    pub(crate) attempts: u32,
}

/// The outcome of a request to make a write a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeadLetterOutcome {
    /// It is a dead letter now.
    Dead,
    /// A later write of its key is waiting, so that nobody needs it any more.
    Replaced,
    /// It was not in the queue.
    Gone,
}

/// A dead letter, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) item: Item,
    pub(crate) error: String,
    pub(crate) attempts: u32,
}

/// The outcome of an attempt to queue a dead letter again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replayed {
    Queued,
    /// So many are waiting already.
    Full(u64),
    /// It is no dead letter any more.
    Gone,
}

/// What a crash of the store would lose of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// The queue is in this process's memory, and ends with it.
    Memory,
    /// The server keeps a log of its writes (`appendonly yes`). With `appendfsync always` nothing that was
    /// accepted is lost; with `everysec`, a machine that crashes loses up to a second or two.
    Log,
    /// The server saves snapshots now and then (`save`): what was accepted since the last one is lost.
    Snapshots,
    /// The server keeps nothing: with it goes the queue.
    None,
    /// The server would evict the queue itself to make room (`maxmemory-policy`, which is given).
    Evicted(String),
    /// The server would not say, for the reason that is given: it may forbid `CONFIG GET`.
    Unknown(String),
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Durability::Memory => f.write_str("they are in this process's memory, and end with it"),
            Durability::Log => f.write_str("the server logs its writes (`appendonly yes`)"),
            Durability::Snapshots => f.write_str(
                "the server only saves snapshots (`save`), and loses what came after the last one: set \
                 `appendonly yes`",
            ),
            Durability::None => f.write_str(
                "the server has no persistence (`appendonly no` and no `save`): set `appendonly yes`",
            ),
            Durability::Evicted(policy) => write!(
                f,
                "the server may evict the queue (`maxmemory-policy {policy}`): set `noeviction` or \
                 `volatile-lru`"
            ),
            Durability::Unknown(why) => write!(f, "the server does not say what it keeps: {why}"),
        }
    }
}
