//! The master killed, and hung, under load: what callers see, and when hits resume.

use cache_tests::{load::Load, patience::eventually, sentinel::Fleet, stores::hasty_cache};
use tokio::time::Instant;

/// Waits until what everybody has acknowledged is known to the replicas, and nothing is on its way.
async fn in_step(load: &Load, fleet: &Fleet) {
    load.hits_resume_under_writes().await;
    load.stop_writing().await;
    eventually("the replicas are in step", async || fleet.is_in_step(0)).await;
    load.hits_resume().await;
    assert_eq!(load.stale(), (0, 0), "before the outage");
}

/// Nothing is lost with the master.
async fn with_nothing_on_its_way(hang: bool) {
    let mut fleet = Fleet::start().await;
    let (load, callers) = Load::start(&hasty_cache(&fleet.url()).await);
    in_step(&load, &fleet).await;
    let gone = Instant::now();
    if hang {
        fleet.server(0).pause()
    } else {
        fleet.kill(0)
    }
    // One that hangs has not acknowledged what is written meanwhile, and when it goes on, nobody is interested in it.
    if hang {
        load.let_write();
    }
    eventually("a replica has been promoted", async || fleet.has_another_master()).await;
    match hang {
        true => load.hits_resume_under_writes().await,
        false => load.hits_resume().await,
    }
    let recovery = gone.elapsed();
    load.let_write();
    load.hits_resume_under_writes().await;
    if hang {
        fleet.server(0).resume();
        eventually("it has been demoted", async || !fleet.is_master(0)).await;
        load.hits_resume_under_writes().await;
    }
    load.report(if hang { "hung, in step" } else { "killed, in step" }, recovery);
    load.end(callers).await;
    assert_eq!(load.stale(), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_when_the_replicas_are_in_step_costs_no_stale_read() {
    with_nothing_on_its_way(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_hangs_when_the_replicas_are_in_step_costs_no_stale_read() {
    with_nothing_on_its_way(true).await;
}

/// Replication is asynchronous: an invalidation that the master acknowledged may die with it. The value that it has ended is
/// of another incarnation than the new master's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_between_writes_costs_no_stale_read() {
    let mut fleet = Fleet::start().await;
    let (load, callers) = Load::start(&hasty_cache(&fleet.url()).await);
    load.hits_resume_under_writes().await;
    let gone = Instant::now();
    fleet.kill(0);
    eventually("a replica has been promoted", async || fleet.has_another_master()).await;
    load.hits_resume_under_writes().await;
    load.report("killed between writes", gone.elapsed());
    load.stop_writing().await;
    load.last_versions_are_served().await;
    load.end(callers).await;
    assert_eq!(load.stale(), (0, 0));
}

/// The server that is the master again holds its entries from before, and none of them is believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failovers_by_hand_there_and_back_cost_no_stale_read() {
    let fleet = Fleet::start().await;
    let (load, callers) = Load::start(&hasty_cache(&fleet.url()).await);
    load.hits_resume_under_writes().await;
    // The other replica takes nobody's place.
    fleet.server(2).command(&["CONFIG", "SET", "replica-priority", "0"]);
    for to in [1, 0] {
        let began = Instant::now();
        fleet.fail_over_to(to).await;
        load.hits_resume_under_writes().await;
        load.report("told to make way", began.elapsed());
    }
    load.stop_writing().await;
    load.last_versions_are_served().await;
    load.end(callers).await;
    assert_eq!(load.stale(), (0, 0));
}
