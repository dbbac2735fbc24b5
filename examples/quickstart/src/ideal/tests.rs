//! MIN against every choice that a cache could make, on small sequences.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use fastrand::Rng;

use super::{Ideal, with_capacity, with_ttl};
use crate::workload::{Operation, Workload};

const HOUR: Duration = Duration::from_secs(3_600);

/// A small letter is a read of that user, a capital one an update.
fn workload(text: &str) -> Workload {
    let number = |letter: char| u32::from(letter.to_ascii_lowercase()) - u32::from('a');
    let operations: Vec<_> = text
        .chars()
        .map(|letter| match letter.is_ascii_uppercase() {
            true => Operation::Update(number(letter)),
            false => Operation::Read(number(letter)),
        })
        .collect();
    let updates = text.chars().filter(char::is_ascii_uppercase).count() as u64;
    Workload { users: 26, reads: operations.len() as u64 - updates, updates, operations }
}

/// The fewest loads over every choice of what to keep after each read.
fn brute_force(
    operations: &[Operation],
    kept: &BTreeSet<u32>,
    capacity: usize,
    known: &mut HashMap<(usize, BTreeSet<u32>), u64>,
) -> u64 {
    let Some((operation, rest)) = operations.split_first() else {
        return 0;
    };
    let state = (operations.len(), kept.clone());
    if let Some(fewest) = known.get(&state) {
        return *fewest;
    }
    let mut after = kept.clone();
    let fewest = match operation {
        Operation::Update(user) => {
            after.remove(user);
            brute_force(rest, &after, capacity, known)
        }
        Operation::Read(user) => {
            let load = u64::from(after.insert(*user));
            let mut choices: Vec<_> =
                after.iter().map(|evicted| &after - &BTreeSet::from([*evicted])).collect();
            if after.len() <= capacity {
                choices.push(after);
            }
            let costs = choices.iter().map(|choice| brute_force(rest, choice, capacity, known));
            load + costs.min().expect("there is something to evict")
        }
    };
    known.insert(state, fewest);
    fewest
}

#[test]
fn min_is_the_best_of_all_choices() {
    let mut random = Rng::with_seed(1);
    for case in 0..2_000 {
        let users = random.u32(1..=5);
        let operations: Vec<_> = (0..random.u32(0..=14))
            .map(|_| match random.u32(0..5) == 0 {
                true => Operation::Update(random.u32(0..users)),
                false => Operation::Read(random.u32(0..users)),
            })
            .collect();
        let capacity = random.usize(1..=4);
        let expected = brute_force(&operations, &BTreeSet::new(), capacity, &mut HashMap::new());
        let workload = Workload { users, reads: 0, updates: 0, operations };
        let found = with_capacity(&workload, capacity);
        assert_eq!(found, expected, "case {case}: {workload:?}, {capacity}");
    }
}

#[test]
fn without_bounds_it_is_first_reads_and_reads_after_an_update() {
    for (text, selects) in
        [("", 0), ("A", 0), ("aaa", 1), ("abcabc", 3), ("aAaAAa", 3), ("abAab", 3)]
    {
        let workload = workload(text);
        let moments = vec![0; text.len()];
        let expected = Ideal { selects, exact: true };
        assert_eq!(Ideal::of(&workload, None, HOUR, &moments), expected, "{text}");
    }
}

#[test]
fn a_cyclic_scan_is_kept_in_part() {
    // Evicting the least recently used one would miss every time.
    assert_eq!(with_capacity(&workload("abcabcabc"), 2), 5);
}

#[test]
fn an_entry_that_is_updated_next_makes_room() {
    assert_eq!(with_capacity(&workload("abAba"), 1), 3);
}

#[test]
fn an_entry_expires_its_ttl_after_the_load() {
    let second = Duration::from_secs(1);
    let moments = [0, 999, 1_000, 1_500, 1_999, 2_000];
    assert_eq!(with_ttl(&workload("aaaaaa"), second, &moments), 3);
    // The update makes a new load, and that one lives as long.
    assert_eq!(with_ttl(&workload("aaaAaa"), second, &moments), 3);
}

#[test]
fn bounds_that_both_bite_give_a_lower_bound() {
    let second = Duration::from_secs(1);
    let cyclic = workload("abcabc");
    let slow = [0, 0, 0, 2_000, 2_000, 2_000];
    let capacity = |entries, moments| Ideal::of(&cyclic, Some(entries), second, moments);
    let ideal = |selects, exact| Ideal { selects, exact };
    assert_eq!(capacity(2, &[0; 6]), ideal(4, true));
    assert_eq!(capacity(3, &slow), ideal(6, true));
    assert_eq!(capacity(2, &slow), ideal(6, false));
}
