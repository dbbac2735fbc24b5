//! What a batch costs: round trips on the wire, and commands in the server.

use std::{collections::BTreeMap, time::Duration};

use cache_runtime::{Cache, Policy};
use cache_tests::{
    patience::eventually,
    server::RedisServer,
    source::Source,
    stores::patient_cache,
    wire::{Counts, Wire},
};

use super::{
    PLAIN, Table,
    renewals::{LENIENT, Renewed},
};

/// A thousand ids of which every hundredth is missing: the rows that are there are stored.
const IDS: std::ops::RangeInclusive<u64> = 1..=1000;

fn is_missing(id: &u64) -> bool {
    id % 100 == 50
}

/// A wire to a new server, and a table with 990 of the thousand rows in the cache at its end.
async fn warm() -> (RedisServer, Wire, Table, Vec<u64>) {
    let server = RedisServer::start();
    let wire = Wire::to(&server).await;
    let cache: Cache = patient_cache(&wire.url()).await;
    let stored: Vec<u64> = IDS.filter(|id| !is_missing(id)).collect();
    Table::open(&cache).find(&PLAIN.negative_ttl(60), &stored).await;
    (server, wire, Table::open(&cache), IDS.collect())
}

#[tokio::test]
async fn a_thousand_rows_of_which_ten_are_missing_cost_three_round_trips() {
    let (server, wire, table, ids) = warm().await;
    server.command(&["CONFIG", "RESETSTAT"]);
    let (found, counts) = wire.during(table.find(&PLAIN, &ids)).await;
    assert_eq!(found.len(), 990);
    assert_eq!(counts, Counts { round_trips: 3, requests: 1 + 10 + 10 });
    let expected = [
        ("mget", 1),
        // One acquires a lease, and one stores the row: that is called by the script.
        ("set", 10 + 10),
        ("evalsha", 10),
        ("getrange", 10),
        // Those by which this is found out.
        ("config|resetstat", 1),
        ("quit", 1),
    ];
    let expected = expected.map(|(command, calls)| (command.to_owned(), calls));
    assert_eq!(server.calls(), BTreeMap::from(expected));
    assert_eq!(*table.asked(), [IDS.filter(is_missing).collect::<Vec<_>>()]);
}

#[tokio::test]
async fn tags_cost_no_round_trip_more() {
    let (_server, wire, table, _) = warm().await;
    let tagged = table.cache.tagged(["tenant:7", "everything"]);
    let find = async |ids| {
        let key = |id: &u64| format!("tagged:{id}");
        let load = |ids| table.query(ids);
        wire.during(tagged.get_or_load_many(ids, key, &PLAIN, load)).await.1
    };
    // Each tag is asked for its stamp together with the leases.
    let stamps = 2;
    assert_eq!(find(&[1, 2]).await, Counts { round_trips: 3, requests: 1 + 2 + stamps + 2 });
    assert_eq!(find(&[2, 3]).await, Counts { round_trips: 3, requests: 1 + 1 + stamps + 1 });
    assert_eq!(find(&[1, 2, 3]).await, Counts { round_trips: 1, requests: 1 });
}

#[tokio::test]
async fn a_thousand_hits_cost_one_round_trip() {
    let (_server, wire, table, ids) = warm().await;
    table.find(&PLAIN, &ids).await;
    let (found, counts) = wire.during(table.find(&PLAIN, &ids)).await;
    assert_eq!(found.len(), 990);
    assert_eq!(counts, Counts { round_trips: 1, requests: 1 });
}

#[tokio::test]
async fn no_ids_cost_nothing() {
    let (_server, wire, table, _) = warm().await;
    let (_, counts) = wire.during(table.find(&PLAIN, &[])).await;
    assert_eq!(counts, Counts::default());
}

#[tokio::test]
async fn a_server_that_has_forgotten_the_scripts_costs_one_more() {
    let (server, wire, table, ids) = warm().await;
    server.command(&["SCRIPT", "FLUSH"]);
    let (_, counts) = wire.during(table.find(&PLAIN, &ids)).await;
    assert_eq!(counts, Counts { round_trips: 4, requests: 1 + 10 + 10 + 10 });
    let (_, counts) = wire.during(table.find(&PLAIN, &ids)).await;
    assert_eq!(counts.requests, 1, "all have been stored");
}

/// A hundred rows of which ten have expired.
#[tokio::test]
async fn what_is_due_costs_two_round_trips_and_one_query_in_the_background() {
    let server = RedisServer::start();
    let wire = Wire::to(&server).await;
    let cache = Cache::builder().url(&wire.url()).connections(1).deadline(Duration::from_secs(10));
    let cache = cache.build().await.expect("the server is there");
    let table = Renewed::new(&cache, Source::held());
    let ids: Vec<u64> = (1..=99).chain([101]).collect();
    let (due, fresh): (Vec<u64>, Vec<u64>) = ids.iter().partition(|id| *id % 10 == 1);
    table.expired(&LENIENT, &due[..10]).await;
    table.table.source.answer(1);
    const LONG: Policy = Policy::ttl(3600).stale_while_revalidate(3600).name("rows");
    let fresh: Vec<u64> = fresh.into_iter().chain(due[10..].iter().copied()).collect();
    table.find(&LONG, &fresh).await.expect("it is loaded");

    let before = wire.counts();
    assert_eq!(table.find(&LONG, &ids).await.map(|found| found.len()), Ok(100));
    table.table.source.asked(3).await;
    let elected = wire.counts();
    // One look; then, for each row that is due, one elects and one looks whether somebody was faster.
    let cost =
        |from: Counts, to: Counts| (to.round_trips - from.round_trips, to.requests - from.requests);
    assert_eq!(cost(before, elected), (2, 1 + 2 * 10));
    // Nobody waits, and hits cost what they do.
    let (found, counts) = wire.during(table.find(&LONG, &ids)).await;
    assert_eq!(
        (found.map(|found| found.len()), counts),
        (Ok(100), Counts { round_trips: 1, requests: 1 })
    );
    let before = wire.counts();
    table.table.source.answer(1);
    eventually("the elections have ended", async || {
        due[..10].iter().all(|id| {
            server.command(&["EXISTS", &format!("row:{id}#refresh{{row:{id}}}")]).trim() == ":0"
        })
    })
    .await;
    // The fills go out together, and so do the ends of the elections.
    assert_eq!(cost(before, wire.counts()), (2, 10 + 10));
    assert_eq!(table.asked()[2], due[..10]);
    assert_eq!(table.table.source.queries(), 3, "one query for ten");
}
