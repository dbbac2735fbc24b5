//! Rows whose value is their number, all over a cluster.

use std::{collections::HashMap, convert::Infallible};

use cache_runtime::{Cache, FunctionStats, Policy};
use cache_tests::{cluster::RedisCluster, herd::counters, rows::get_or};

/// How many there are.
pub(crate) const ROWS: u64 = 60;

const ROW: Policy = Policy::ttl(3600).name("row");
const MANY: Policy = Policy::ttl(3600).name("many");

pub(crate) fn key(row: u64) -> String {
    format!("row:{row}")
}

pub(crate) async fn read(cache: &Cache, row: u64) -> u64 {
    get_or(cache, &[], &key(row), &ROW, row).await
}

/// Reads all of them in one batch, and says how many there are.
pub(crate) async fn read_all(cache: &Cache) -> u64 {
    let load = |missing: Vec<u64>| async move {
        Ok::<_, Infallible>(missing.into_iter().map(|row| (row, row)).collect::<HashMap<_, _>>())
    };
    let all: Vec<u64> = (0..ROWS).collect();
    let Ok(rows) = cache.get_or_load_many(&all, |&row| key(row), &MANY, load).await;
    rows.len() as u64
}

/// The counters of reads one by one.
pub(crate) fn single(cache: &Cache) -> FunctionStats {
    counters(cache, "row")
}

/// The counters of reads in a batch.
pub(crate) fn many(cache: &Cache) -> FunctionStats {
    counters(cache, "many")
}

/// Those that are on a node, and the others.
pub(crate) fn divided(cluster: &RedisCluster, node: usize) -> (Vec<u64>, Vec<u64>) {
    (0..ROWS).partition(|&row| cluster.owner(&key(row)) == node)
}
