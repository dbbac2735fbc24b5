//! Each fault with each operation, twice: before, during, and after it.

use cache_tests::{
    faults::{Answered, Fault, Refusal},
    operations::{Operation, Seen},
};
use tokio::task::JoinSet;

use super::{CALLS, Field, HERD, ROW, UNTOUCHED, WRITTEN};

/// A fault that has been healed comes back.
const ROUNDS: usize = 2;

/// All cells of one fault, at the same time.
async fn row_of(fault: Fault) {
    let cells: JoinSet<()> = Operation::ALL.into_iter().map(|o| cell(fault, o)).collect();
    cells.join_all().await;
}

async fn cell(fault: Fault, operation: Operation) {
    let mut field = Field::for_faults(vec![fault]).await;
    for round in 0..ROUNDS {
        if fault != Fault::NotStarted || round > 0 {
            field.hits_resume().await;
        }
        field.inject(fault);
        during(&field, fault, operation).await;
        field.heal(fault);
        match round % 2 {
            // At once, before the cache may have noticed.
            0 => drop(field.calls(Operation::Read, WRITTEN, CALLS).await),
            _ => by_itself(&field, fault).await,
        }
    }
    field.hits_resume().await;
    field.assert_all_was_right(format_args!("{fault}, {operation}"));
}

/// Nobody calls until the cache has noticed by itself that its server is well.
async fn by_itself(field: &Field, fault: Fault) {
    field.recovers().await;
    // A machine that stalls may make an answer come too late.
    if fault.keeps_entries() && !fault.is_silent() {
        let seen = field.calls(Operation::Read, UNTOUCHED, 1).await;
        assert_eq!(seen.loads, 0, "{fault}: the first call is a hit");
    }
    let opened = field.service.cache().stats().store.opened;
    match (fault.answered(), fault) {
        // A node that has not this key may have others.
        (_, Fault::Refuses(Refusal::Moved)) | (Answered::Hit, _) => {
            assert_eq!(opened, 0, "{fault}: the server serves others");
        }
        (Answered::Loaded, _) => assert!(opened >= ROUNDS as u64, "{fault}: {opened}"),
        (Answered::Either, _) => {}
    }
}

async fn during(field: &Field, fault: Fault, operation: Operation) {
    // What is written now was stored before, and must not be seen again, now or later.
    field.call(Operation::Invalidate, WRITTEN).await;
    field.call(Operation::Read, WRITTEN).await;
    let seen = match operation.writes() {
        false => field.calls(operation, ROW, CALLS).await,
        true => written_and_read(field, operation).await,
    };
    let least = match (fault.answered(), operation.writes()) {
        (Answered::Loaded, _) | (Answered::Hit, true) => CALLS,
        (Answered::Hit, false) | (Answered::Either, _) => 0,
    };
    let most =
        if (fault.answered(), operation.writes()) == (Answered::Hit, false) { 0 } else { CALLS };
    assert!(
        (least..=most).contains(&seen.loads),
        "{fault}, {operation}: {} loads for {CALLS} calls, of which there had to be {least} to {most}",
        seen.loads
    );
    if fault.answered() == Answered::Hit {
        assert_eq!(field.calls(Operation::Read, UNTOUCHED, CALLS).await.loads, 0, "{fault}");
    }
    let before = field.service.seen();
    field.herd(operation).await;
    let herd = field.service.seen() - before;
    assert!(herd.loads <= HERD as u64, "{fault}, {operation}: {herd:?}");
    field.calls(Operation::Read, WRITTEN, CALLS).await;
    field.calls(Operation::Read, ROW, CALLS).await;
}

/// Each write is read back.
async fn written_and_read(field: &Field, operation: Operation) -> Seen {
    let before = field.service.seen();
    for _ in 0..CALLS {
        field.call(operation, ROW).await;
        field.call(Operation::Read, ROW).await;
    }
    field.service.seen() - before
}

macro_rules! rows {
    ($($name:ident: $fault:expr,)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            row_of($fault).await;
        })*

        /// The table has a row for every fault.
        #[test]
        fn no_fault_is_left_out() {
            assert_eq!([$($fault),*], Fault::ALL);
        }
    };
}

rows! {
    not_started: Fault::NotStarted,
    killed: Fault::Killed,
    hung: Fault::Hung,
    slow: Fault::Slow,
    restarted_empty: Fault::RestartedEmpty,
    connection_resets: Fault::Resets,
    full: Fault::Full,
    read_only_replica: Fault::ReadOnly,
    wrong_password: Fault::WrongPassword,
    answers_readonly: Fault::Refuses(Refusal::ReadOnly),
    answers_loading: Fault::Refuses(Refusal::Loading),
    answers_moved: Fault::Refuses(Refusal::Moved),
    answers_clusterdown: Fault::Refuses(Refusal::ClusterDown),
}
