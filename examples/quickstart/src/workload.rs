//! The requests to send: reads, with updates strewn in.

use fastrand::Rng;

/// One request. Users are counted from 0 here; the id of the row is one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Read(u32),
    Update(u32),
}

/// What is sent, in order.
#[derive(Debug, PartialEq)]
pub(crate) struct Workload {
    pub(crate) operations: Vec<Operation>,
    pub(crate) users: u32,
    pub(crate) reads: u64,
    pub(crate) updates: u64,
}

impl Workload {
    /// Reads by Zipf's law with exponent 1: the second user is read half as often as the first,
    /// the third a third as often.
    pub(crate) fn zipf(reads: u64, users: u32, percent: f64, seed: u64) -> Self {
        let mut sum = 0.0;
        let up_to = |rank: u32| {
            sum += 1.0 / f64::from(rank);
            sum
        };
        // What falls between two of these numbers is a read of the user of the second one.
        let sums: Vec<f64> = (1..=users).map(up_to).collect();
        let mut random = Rng::with_seed(seed);
        let read = |_| {
            let at = random.f64() * sum;
            sums.partition_point(|up_to| *up_to <= at).min(sums.len() - 1) as u32
        };
        let reads = (0..reads).map(read).collect();
        Workload::new(reads, users, percent, seed)
    }

    /// These reads, and after `percent` of them an update. Whom it updates is drawn from the
    /// reads, so that who is read often is written often.
    pub(crate) fn new(reads: Vec<u32>, users: u32, percent: f64, seed: u64) -> Self {
        // Another stream than the one that drew the reads.
        let mut random = Rng::with_seed(seed ^ 0x5eed);
        let mut operations = Vec::with_capacity(reads.len() + reads.len() / 64);
        for user in &reads {
            operations.push(Operation::Read(*user));
            if random.f64() < percent / 100.0 {
                let written = reads[random.usize(0..reads.len())];
                operations.push(Operation::Update(written));
            }
        }
        Workload {
            users,
            reads: reads.len() as u64,
            updates: (operations.len() - reads.len()) as u64,
            operations,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, Workload};

    #[test]
    fn the_same_seed_gives_the_same_requests() {
        let first = Workload::zipf(5_000, 100, 10.0, 7);
        assert_eq!(first, Workload::zipf(5_000, 100, 10.0, 7));
        assert_ne!(first, Workload::zipf(5_000, 100, 10.0, 8));
    }

    #[test]
    fn popularity_falls_with_the_rank() {
        let workload = Workload::zipf(100_000, 1_000, 0.0, 1);
        let count = |user| {
            let read = Operation::Read(user);
            workload.operations.iter().filter(|op| **op == read).count() as f64
        };
        assert_eq!(workload.updates, 0);
        assert!((count(0) / count(1) - 2.0).abs() < 0.2);
        assert!((count(0) / count(9) - 10.0).abs() < 2.0);
    }

    #[test]
    fn every_user_is_in_range() {
        for users in [1, 2, 50] {
            let workload = Workload::zipf(2_000, users, 50.0, 3);
            assert!(workload.operations.iter().all(|operation| match operation {
                Operation::Read(user) | Operation::Update(user) => *user < users,
            }));
        }
    }

    #[test]
    fn updates_are_about_as_many_as_asked() {
        let workload = Workload::zipf(100_000, 100, 1.0, 5);
        assert!((800..1_200).contains(&workload.updates));
        assert_eq!(Workload::zipf(1_000, 100, 100.0, 5).updates, 1_000);
    }
}
