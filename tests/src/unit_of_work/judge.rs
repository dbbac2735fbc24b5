//! What was read, held against what was acknowledged, and against what never was.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{ACCOUNTS, Account};

/// The judge of a service's reads.
///
/// A read is stale that returns an older version than was acknowledged before it began. It is a ghost if it returns what was
/// rolled back.
#[derive(Debug, Default)]
pub struct Judge(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    /// Of each account: the newest version that was acknowledged, and the newest of which the store was told.
    acknowledged: [i64; ACCOUNTS],
    told: [i64; ACCOUNTS],
    rolled_back: HashSet<i64>,
    counts: Counts,
}

impl Default for Seen {
    fn default() -> Seen {
        let (acknowledged, told) = ([0; ACCOUNTS], [0; ACCOUNTS]);
        Seen { acknowledged, told, rolled_back: HashSet::new(), counts: Counts::default() }
    }
}

/// How often what was seen.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Accounts that were read.
    pub reads: u64,
    /// Reads that were older than an acknowledged write.
    pub stale: u64,
    /// Reads of what was rolled back.
    pub ghosts: u64,
    /// Reads of a transaction that missed its own write.
    pub blind: u64,
    /// Reads of a transaction of its own write.
    pub seen_within: u64,
    /// Units of work, by how they ended.
    pub units: BTreeMap<&'static str, u64>,
    /// The first wrong reads, in words.
    pub told: Vec<String>,
}

/// The versions below which a read is stale that begins now.
pub(super) struct Floors([i64; ACCOUNTS]);

impl Judge {
    /// The counts so far.
    pub fn counts(&self) -> Counts {
        self.seen().counts.clone()
    }

    pub(super) fn floors(&self, knows_all: bool) -> Floors {
        let seen = self.seen();
        Floors(if knows_all { seen.acknowledged } else { seen.told })
    }

    pub(super) fn read(&self, floors: &Floors, account: Account) {
        let mut seen = self.seen();
        seen.counts.reads += 1;
        let floor = floors.0[account.id as usize];
        if account.version < floor {
            seen.counts.stale += 1;
            seen.tell(format!("{account:?} was read after version {floor} was acknowledged"));
        }
        if seen.rolled_back.contains(&account.mark) {
            seen.counts.ghosts += 1;
            seen.tell(format!("{account:?} was read and had been rolled back"));
        }
    }

    pub(super) fn saw_itself(&self, scoped: bool, saw: bool) {
        let mut seen = self.seen();
        match saw {
            true => seen.counts.seen_within += 1,
            false if scoped => {
                seen.counts.blind += 1;
                seen.tell("a transaction missed its own write".to_owned());
            }
            false => {}
        }
    }

    pub(super) fn begins(&self, mark: i64) -> Begun<'_> {
        Begun { judge: self, mark }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn tell(&mut self, what: String) {
        if self.counts.told.len() < 5 {
            self.counts.told.push(what);
        }
    }

    fn ended(&mut self, how: &'static str) {
        *self.counts.units.entry(how).or_default() += 1;
    }
}

/// A unit of work that has begun.
pub(super) struct Begun<'a> {
    judge: &'a Judge,
    mark: i64,
}

impl Begun<'_> {
    /// It is committed and acknowledged: no read may miss it that begins after this.
    pub(super) fn committed(self, written: &[Account], reached: bool) {
        let mut seen = self.judge.seen();
        for account in written {
            let at = account.id as usize;
            seen.acknowledged[at] = seen.acknowledged[at].max(account.version);
            if reached {
                seen.told[at] = seen.told[at].max(account.version);
            }
        }
        seen.ended(if reached { "committed" } else { "committed, and the store was not told" });
    }

    pub(super) fn rolled_back(self) {
        let mut seen = self.judge.seen();
        seen.rolled_back.insert(self.mark);
        seen.ended("rolled back");
    }

    /// It ended before it returned. What was dropped before its commit is as good as rolled back.
    pub(super) fn unknown(self, before_commit: bool) {
        let mut seen = self.judge.seen();
        if before_commit {
            seen.rolled_back.insert(self.mark);
        }
        seen.ended(if before_commit { "dropped" } else { "timed out or failed" });
    }
}
