//! How writes become batches, on each store.

use std::time::Duration;

use cache_runtime::{Cache, Error, Policy, WriteBehind};
use cache_tests::{
    gate::Gate,
    patience::{eventually, in_time},
    server::RedisServer,
    stores::on_each_store_in_one_slot,
    table::{Row, Table, key},
};
use futures_util::future::join_all;

use super::{cached, queue, write};

#[tokio::test]
async fn a_write_is_seen_at_once_and_flushed_in_one_batch_with_others() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache), Table::default());
        for id in 1..=20 {
            write(&queue, id, 1).await;
            assert_eq!(cached(&cache, id).await, Some(1));
        }
        assert_eq!(queue.len().await, Ok(20));

        let flusher = table.flush(&queue);
        in_time("the flush", queue.flushed()).await;
        assert_eq!(queue.len().await, Ok(0));
        let batches = table.batches();
        assert_eq!(batches.len(), 1, "{batches:?}");
        assert_eq!(batches[0], (1..=20).map(|id| Row { id, version: 1 }).collect::<Vec<_>>());
        assert_eq!(cached(&cache, 7).await, Some(1), "it stays for its ttl");

        let stats = cache.stats().function("rows").expect("it was used").clone();
        assert_eq!((stats.queued, stats.flushed, stats.batches), (20, 20, 1));
        assert_eq!((stats.replaced, stats.batch_failures, stats.dead_letters), (0, 0, 0));
        in_time("the end", flusher.shutdown()).await;
    })
    .await;
}

#[tokio::test]
async fn later_writes_of_a_key_replace_earlier_ones_and_places_grow() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache), Table::default());
        for version in 1..=5 {
            for id in [1, 2] {
                write(&queue, id, version).await;
            }
        }
        write(&queue, 1, 6).await;
        table.hold(true);
        let flusher = table.flush(&queue);
        table.holds(1).await;
        // While the batch is on its way, both are written again.
        write(&queue, 2, 7).await;
        assert_eq!(cached(&cache, 2).await, Some(7));
        table.hold(false);
        in_time("the end", flusher.shutdown()).await;

        let row = |id, version| Row { id, version };
        assert_eq!(table.batches(), [vec![row(2, 5), row(1, 6)], vec![row(2, 7)]]);
        let places = table.places();
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert!(places[0] > 1_600_000_000_000_000, "microseconds since 1970: {places:?}");
        let stats = cache.stats().function("rows").expect("it was used").clone();
        assert_eq!((stats.queued, stats.flushed, stats.replaced), (12, 3, 9));
        assert_eq!(cached(&cache, 1).await, Some(6));
        assert_eq!(cached(&cache, 2).await, Some(7));
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_no_larger_than_it_may_be_and_lingers_for_more() {
    on_each_store_in_one_slot(async |cache| {
        let table = Table::default();
        let small = queue(&cache).batch(8);
        for id in 1..=20 {
            write(&small, id, 1).await;
        }
        in_time("the end", table.flush(&small).shutdown()).await;
        let sizes: Vec<_> = table.batches().iter().map(Vec::len).collect();
        assert_eq!(sizes, [8, 8, 4]);

        // What comes while the first one lingers joins it, and a full batch lingers no longer.
        let patient = queue(&cache).batch(8).linger(Duration::from_secs(3600));
        let flusher = table.flush(&patient);
        eventually("a leader", async || flusher.leads()).await;
        for id in 1..=3 {
            write(&patient, id, 2).await;
        }
        in_time("the hurry of a shutdown", flusher.shutdown()).await;
        let batches = table.batches();
        assert_eq!(batches.len(), 4, "{batches:?}");
        assert_eq!(batches[3].len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_full_queue_pushes_back() {
    on_each_store_in_one_slot(async |cache| {
        let table = Table::default();
        let queue = queue(&cache).capacity(3);
        for id in 1..=3 {
            write(&queue, id, 1).await;
        }
        let hasty = queue.clone().wait(Duration::from_millis(20));
        let refused = hasty.write(key(4), &Row { id: 4, version: 1 }).await;
        let Err(Error::Full(why)) = refused else { panic!("{refused:?}") };
        assert!(why.contains("`rows` holds 3 writes of 3"), "{why}");
        assert_eq!(cached(&cache, 4).await, None, "nothing of it is seen");
        assert_eq!(queue.len().await, Ok(3));

        // A writer that waits gets in as soon as there is room.
        let patient = queue.clone().wait(Duration::from_secs(3600));
        let waiting = tokio::spawn(async move {
            write(&patient, 5, 1).await;
        });
        table.hold(true);
        let flusher = table.flush(&queue);
        table.holds(1).await;
        assert!(!waiting.is_finished(), "what is being flushed takes room");
        table.hold(false);
        in_time("room", waiting).await.expect("it is accepted");
        in_time("the end", flusher.shutdown()).await;
        assert_eq!(table.rows().keys().copied().collect::<Vec<_>>(), [1, 2, 3, 5]);
    })
    .await;
}

#[tokio::test]
async fn shutdown_flushes_and_waits_for_what_is_under_way() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache).batch(4), Table::default());
        table.hold(true);
        let flusher = table.flush(&queue);
        for id in 1..=10 {
            write(&queue, id, 1).await;
        }
        table.holds(1).await;
        let ending = tokio::spawn(flusher.shutdown());
        tokio::task::yield_now().await;
        assert!(!ending.is_finished());
        table.hold(false);
        in_time("the end", ending).await.expect("it ends");
        assert_eq!(table.rows().len(), 10);
        assert_eq!(queue.len().await, Ok(0));
    })
    .await;
}

#[tokio::test]
async fn a_dropped_flusher_ends_and_the_next_one_goes_on() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache), Table::default());
        table.hold(true);
        let first = table.flush(&queue);
        write(&queue, 1, 1).await;
        table.holds(1).await;
        drop(first);
        write(&queue, 2, 1).await;
        table.hold(false);
        table.has_committed(1).await;
        let second = table.flush(&queue);
        in_time("the end", second.shutdown()).await;
        let row = |id| Row { id, version: 1 };
        assert_eq!(table.batches(), [[row(1)], [row(2)]], "the first ended after its batch");
    })
    .await;
}

#[tokio::test]
async fn one_flusher_leads_and_another_takes_its_place() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache), Table::default());
        let flushers = [table.flush(&queue), table.flush(&queue)];
        eventually("a leader", async || flushers.iter().any(|f| f.leads())).await;
        for id in 1..=50 {
            write(&queue, id, 1).await;
            assert!(!flushers.iter().all(|f| f.leads()), "two lead at once");
        }
        in_time("the flush", queue.flushed()).await;
        let [a, b] = flushers;
        let (leader, other) = if a.leads() { (a, b) } else { (b, a) };
        in_time("the end", leader.shutdown()).await;
        write(&queue, 99, 1).await;
        in_time("the other one", other.shutdown()).await;
        assert_eq!(table.rows().len(), 51);
        let written: usize = table.batches().iter().map(Vec::len).sum();
        assert_eq!(written, 51, "nothing was flushed twice");
    })
    .await;
}

#[tokio::test]
async fn what_could_not_be_flushed_is_not_accepted() {
    on_each_store_in_one_slot(async |cache| {
        const NUMBERS: Policy = Policy::ttl(60);
        let numbers: WriteBehind<f64> = cache.write_behind("numbers", &NUMBERS);
        let refused = numbers.write("number", &f64::NAN).await;
        assert!(matches!(refused, Err(Error::Codec(_))), "{refused:?}");
        assert_eq!(numbers.len().await, Ok(0));
    })
    .await;
}

#[tokio::test]
async fn without_a_store_nothing_is_accepted() {
    let cache = Cache::disabled();
    let queue = queue(&cache);
    let refused = queue.write(key(1), &Row { id: 1, version: 1 }).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    let flusher = Table::default().flush(&queue);
    in_time("nothing", flusher.shutdown()).await;
}

#[tokio::test]
async fn a_lease_without_end_is_one() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table) = (queue(&cache).lease(Duration::MAX), Table::default());
        write(&queue, 1, 1).await;
        in_time("the end", table.flush(&queue).shutdown()).await;
        assert_eq!(table.rows()[&1], 1);
    })
    .await;
}

/// As behind a proxy that has forgotten one of two connections: nobody reads, so that nothing else would find it out.
#[tokio::test]
async fn writes_that_nobody_answers_have_their_connection_made_anew() {
    let server = RedisServer::start();
    let gate = Gate::before(server.port()).await;
    let deadline = Duration::from_millis(300);
    let cache = Cache::builder().url(&gate.url()).connections(2).deadline(deadline);
    let cache = cache.breaker(u32::MAX, deadline).build().await.unwrap();
    let queue = queue(&cache).wait(deadline);
    let refused = async || {
        let (queue, rows) = (&queue, (0..40).map(|id| Row { id, version: 1 }));
        let written = join_all(rows.map(|row| async move { queue.write(key(row.id), &row).await }));
        written.await.into_iter().filter(Result::is_err).count()
    };
    eventually("each connection is there", async || refused().await == 0).await;
    gate.hold(0);
    let held = refused().await;
    assert!((1..40).contains(&held), "{held} of 40 go over that connection");
    eventually("all are accepted again", async || refused().await == 0).await;
}
