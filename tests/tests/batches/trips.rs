//! What a batch costs: round trips on the wire, and commands in the server.

use std::collections::BTreeMap;

use cache_runtime::Cache;
use cache_tests::{
    server::RedisServer,
    stores::patient_cache,
    wire::{Counts, Wire},
};

use super::{PLAIN, Table};

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
