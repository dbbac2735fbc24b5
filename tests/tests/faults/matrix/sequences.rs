//! Faults that follow each other without a pause in which the cache could recover.

use cache_tests::{
    faults::{Fault, Refusal},
    operations::Operation,
};
use tokio::task::JoinSet;

use super::{CALLS, Field, ROW, WRITTEN};

/// One fault ends and the next one begins, with and without calls in between.
async fn one_after_the_other(faults: &'static [Fault], calls: bool) {
    let mut field = Field::for_faults(faults.to_vec()).await;
    for _ in 0..2 {
        field.hits_resume().await;
        for &fault in faults {
            field.inject(fault);
            field.call(Operation::Invalidate, WRITTEN).await;
            field.calls(Operation::Read, WRITTEN, CALLS).await;
            field.calls(Operation::WriteThrough, ROW, 2).await;
            field.calls(Operation::Batch, ROW, CALLS).await;
            field.heal(fault);
            if calls {
                field.calls(Operation::Read, WRITTEN, CALLS).await;
                field.calls(Operation::Batch, ROW, CALLS).await;
            }
        }
    }
    field.hits_resume().await;
    field.assert_all_was_right(format_args!("{faults:?}, calls in between: {calls}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_faults_in_a_row() {
    const SEQUENCES: &[&[Fault]] = &[
        &[Fault::Killed, Fault::Hung],
        &[Fault::Hung, Fault::Killed],
        &[Fault::Hung, Fault::ReadOnly],
        &[Fault::Full, Fault::Killed],
        &[Fault::WrongPassword, Fault::RestartedEmpty],
        &[Fault::Resets, Fault::Slow],
        &[Fault::Refuses(Refusal::Loading), Fault::Resets],
        &[Fault::Slow, Fault::Refuses(Refusal::ClusterDown)],
    ];
    let each = SEQUENCES
        .iter()
        .flat_map(|faults| [true, false].map(|calls| one_after_the_other(faults, calls)));
    each.collect::<JoinSet<()>>().join_all().await;
}
