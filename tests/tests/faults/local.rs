//! Faults under load, with local copies of everything: how far behind a hit can be.
//!
//! The same processes, rows and faults as in `chaos`. In bounded mode reads may be stale, and none of them may be further behind than
//! the lease; in strict mode none may be stale.

use std::time::Duration;

use cache_tests::checker::Tally;

use super::field::{
    Fault::{self, Cut, Deaf, FallBack, Flush, HalfOpen, Hang, Kill, Restart, Stop},
    Field, every_strategy_was_tried,
};

/// How long a copy is served without an answer of its server.
const LEASE: Duration = Duration::from_millis(200);

/// Faults that end: every write counts.
const DEATHS: [Fault; 9] = [Cut, Kill, Deaf, Restart, Flush, FallBack, Cut, Deaf, Flush];

/// Among them, faults that keep a write waiting until it goes ahead: only a write that reached the store counts.
const SILENCES: [Fault; 8] = [Deaf, Stop, Deaf, HalfOpen, Hang, Deaf, Cut, Kill];

impl Field {
    /// The server remembers very little of what is read, and says of the rest that it has changed.
    fn forgets_what_it_tracks(&self) {
        let set = self.server.command(&["CONFIG", "SET", "tracking-table-max-keys", "10"]);
        assert_eq!(set, "+OK\r\n");
    }

    async fn survives_everything(&mut self) {
        self.run(&DEATHS, 3).await;
        self.report("servers, processes and connections die");
        self.checker.tell_behind();
        self.checker.count_only_writes_that_reached_the_store();
        self.run(&[Deaf], 5).await;
        self.run(&SILENCES, 3).await;
        self.report("they fall silent");
        self.checker.tell_behind();
        self.forgets_what_it_tracks();
        self.run(&[Deaf, Cut, Kill, Flush], 1).await;
        self.strike(Restart).await;
        self.hits(500).await;
        self.quiesce().await;
        self.report("in all");
    }
}

fn local_hits(field: &Field) -> u64 {
    let Tally { local_hits, .. } = field.checker.tallied();
    local_hits
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_bounded_mode_no_read_is_further_behind_than_the_lease() {
    let mut field = Field::new("copied", "?local_lease=200ms").await;
    field.hits(200).await;
    for _ in 0..50 {
        if field.checker.behind().len() > 20 {
            break;
        }
        field.strike(Deaf).await;
        field.hits(500).await;
    }
    field.survives_everything().await;
    let most = field.checker.tell_behind();
    assert!(most < LEASE, "a read was {most:?} behind:\n{}", field.checker.stale_reads());
    every_strategy_was_tried(&field.checker);
    assert!(local_hits(&field) > 5_000, "there were few local hits");
    assert!(field.checker.behind().len() > 20, "hardly any copy outlived its row");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_strict_mode_no_read_is_stale() {
    let mut field = Field::new("copied", "?local_strict=on").await;
    field.survives_everything().await;
    field.checker.tell_behind();
    field.checker.assert_nothing_stale();
    every_strategy_was_tried(&field.checker);
    assert!(local_hits(&field) > 5_000, "there were few local hits");
}

/// The control: copies that are served for ever, if nobody says that they have changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_lease_a_half_open_connection_leaves_reads_further_behind() {
    let mut field = Field::new("copied", "?local_lease=1h").await;
    field.hits(200).await;
    field.checker.count_only_writes_that_reached_the_store();
    for _ in 0..10 {
        field.strike(Deaf).await;
        field.hits(2_000).await;
        if field.checker.tell_behind() > LEASE {
            return field.report("copies have no lease");
        }
    }
    panic!("the load is too light to find what it looks for: {}", field.checker.counts());
}
