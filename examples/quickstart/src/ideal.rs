//! What a cache that knows the future would have needed: the figure to judge the real one by.

use std::{collections::BTreeSet, time::Duration};

use serde::Serialize;

use crate::workload::{Operation, Workload};

/// Stands for "not read again before its next update".
const NEVER: u32 = u32::MAX;

/// The fewest reads of the database with which the requests can be answered, one after another
/// and never stale, by a cache of the same capacity and ttl.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Ideal {
    pub(crate) selects: u64,
    /// Not exact where entries fell both to the capacity and to the ttl: then no cache can do
    /// with fewer, but perhaps none with as few.
    pub(crate) exact: bool,
}

impl Ideal {
    /// `moments` has, in milliseconds, when each request was sent.
    pub(crate) fn of(
        workload: &Workload,
        capacity: Option<u64>,
        ttl: Duration,
        moments: &[u32],
    ) -> Self {
        let capacity = capacity.map_or(usize::MAX, |entries| entries as usize);
        let unbounded = with_capacity(workload, usize::MAX);
        let by_capacity = with_capacity(workload, capacity);
        let by_ttl = with_ttl(workload, ttl, moments);
        Ideal {
            selects: by_capacity.max(by_ttl),
            exact: by_capacity == unbounded || by_ttl == unbounded,
        }
    }
}

/// Belady's MIN: when the cache is full, what goes is what is needed again last.
///
/// An entry stands in the set as the index of the request that will read it, so the last of the
/// set is the one to evict, and a request hits if its own index is there. An entry that is updated
/// before it is read again would be of no use, and is not kept.
fn with_capacity(workload: &Workload, capacity: usize) -> u64 {
    let next_read = next_reads(workload);
    let mut kept = BTreeSet::new();
    let mut selects = 0;
    for (index, operation) in (0..).zip(&workload.operations) {
        if let Operation::Update(_) = operation {
            continue;
        }
        if !kept.remove(&index) {
            selects += 1;
        }
        let next = next_read[index as usize];
        if next != NEVER {
            kept.insert(next);
        }
        if kept.len() > capacity {
            kept.pop_last();
        }
    }
    selects
}

/// For each request, the index of the next read of its user, if no update comes before it.
fn next_reads(workload: &Workload) -> Vec<u32> {
    let mut next_read = vec![NEVER; workload.operations.len()];
    let mut next_of = vec![NEVER; workload.users as usize];
    for (index, operation) in workload.operations.iter().enumerate().rev() {
        let (user, seen) = match operation {
            Operation::Read(user) => (*user as usize, index as u32),
            Operation::Update(user) => (*user as usize, NEVER),
        };
        next_read[index] = next_of[user];
        next_of[user] = seen;
    }
    next_read
}

/// With room for all: each load serves every read of its user until an update or its expiry.
fn with_ttl(workload: &Workload, ttl: Duration, moments: &[u32]) -> u64 {
    let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
    let mut good_until = vec![0; workload.users as usize];
    let mut selects = 0;
    for (operation, moment) in workload.operations.iter().zip(moments) {
        match operation {
            Operation::Update(user) => good_until[*user as usize] = 0,
            Operation::Read(user) => {
                let moment = u64::from(*moment);
                let until = &mut good_until[*user as usize];
                if moment >= *until {
                    selects += 1;
                    *until = moment.saturating_add(ttl);
                }
            }
        }
    }
    selects
}

#[cfg(test)]
mod tests;
